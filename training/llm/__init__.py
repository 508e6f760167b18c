"""The starter language model: its tokenizer, chat template, conversations and training recipe."""
