"""The configurations of real checkpoints with the sizes of a test: same classes, same switches."""

from typing import Any

from models.weights import PIPELINE_INDEX

Config = dict[str, Any]
_DECODER: Config = {
    "vocab_size": 288,  # padded past its tokenizer, as the real ones are
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 4,
    "max_window_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 2048,
    "initializer_range": 0.3,  # so that the likeliest token changes from step to step
}
_TOWER: Config = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
_AUTOENCODER: Config = {
    "block_out_channels": [8, 8],
    "down_block_types": ["DownEncoderBlock2D"] * 2,
    "up_block_types": ["UpDecoderBlock2D"] * 2,
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "latent_channels": 4,
    "sample_size": 64,
}
_U_NET: Config = {
    "block_out_channels": [16, 32],
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "sample_size": 32,
}
_PARTS: dict[str, Config] = {
    "qwen3": _DECODER,
    "qwen3_vl_text": {
        **_DECODER,
        "rope_scaling": {"mrope_interleaved": True, "mrope_section": [4, 2, 2]},
    },
    "qwen3_vl": {  # its vision tower goes by this name too
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_heads": 4,
        "out_hidden_size": 64,
        "num_position_embeddings": 16,
        "deepstack_visual_indexes": [0],
    },
    "llama": {**_DECODER, "num_key_value_heads": 4},
    "clip_vision_model": {**_TOWER, "image_size": 56, "num_hidden_layers": 3},
    "clip_text_model": {**_TOWER, "vocab_size": 520, "projection_dim": 32},
    "chinese_clip_text_model": {**_TOWER, "vocab_size": 400, "max_position_embeddings": 64},
    "chinese_clip_vision_model": {**_TOWER, "image_size": 32, "patch_size": 8},
    "AutoencoderKL": _AUTOENCODER,
    "AutoencoderKLFlux2": _AUTOENCODER,
    "ZImageTransformer2DModel": {
        "dim": 64,
        "in_channels": 4,
        "n_layers": 2,
        "n_refiner_layers": 1,
        "n_heads": 2,
        "n_kv_heads": 2,
        "cap_feat_dim": 64,
        "axes_dims": [8, 12, 12],
    },
    "Flux2Transformer2DModel": {
        "in_channels": 16,
        "num_layers": 1,
        "num_single_layers": 2,
        "attention_head_dim": 16,
        "num_attention_heads": 2,
        "joint_attention_dim": 3 * 64,  # three of the text encoder's layers, side by side
        "axes_dims_rope": [4, 4, 4, 4],
        "timestep_guidance_channels": 16,
    },
}
_OPEN_CLIP: Config = {
    "embed_dim": 64,
    "vision_cfg": {"image_size": 64, "timm_model_name": "test_vit"},
    "text_cfg": {"vocab_size": 300, "width": 64, "heads": 2, "layers": 2},
}


def shrunk(configs: dict[str, Config]) -> dict[str, Config]:
    """The JSON files of a configuration, by path, with the sizes of a test."""
    return {
        path: config if path == PIPELINE_INDEX else _shrunk(config)
        for path, config in configs.items()
    }


def _shrunk(config: Config) -> Config:
    if "model_cfg" in config:
        return {**config, "model_cfg": _merged(config["model_cfg"], _OPEN_CLIP)}
    name = config.get("_class_name") or config.get("model_type", "")
    smaller = {**config, **_sizes(str(name), config)}
    for part in ("text_config", "vision_config"):
        if part in config:
            smaller[part] = _shrunk(config[part])
    return smaller


def _sizes(name: str, config: Config) -> Config:
    if name == "UNet2DConditionModel":
        return _U_NET | (_xl(config) if "addition_embed_type" in config else _classic())
    if name == "chinese_clip":
        return {"projection_dim": 24}
    if "vision_config" in config:  # the whole, of which the parts have the sizes
        return {}
    return _PARTS.get(name, {})


def _classic() -> Config:
    return {
        "attention_head_dim": 2,
        "cross_attention_dim": 32,
        "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
        "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
    }


def _xl(config: Config) -> Config:
    """Two text encoders side by side; six sizes and positions embedded beside a pooled text."""
    embedded = 8
    return {
        "addition_time_embed_dim": embedded,
        "attention_head_dim": [2, 4],
        "cross_attention_dim": 2 * 32,
        "down_block_types": config["down_block_types"][:2],
        "up_block_types": config["up_block_types"][1:],
        "projection_class_embeddings_input_dim": 6 * embedded + 32,
        "transformer_layers_per_block": [1, 1],
    }


def _merged(config: Config, changes: Config) -> Config:
    """`config` with `changes`, table by table."""
    return {
        **config,
        **{
            key: _merged(config[key], value) if isinstance(value, dict) else value
            for key, value in changes.items()
        },
    }
