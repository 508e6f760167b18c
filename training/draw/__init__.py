"""The starter that draws and edits: an autoencoder, then a flow-matching transformer."""
