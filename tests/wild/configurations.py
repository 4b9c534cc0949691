"""Configurations of published models' parts, small but for that as their repositories have them: old, with few keys."""

from typing import Any, Literal

from tests.wild.structure import CHANNELS, CONTEXT_LENGTH, TEXT_WIDTH, VOCABULARY

Json = dict[str, Any]
Scheduler = Literal["pndm", "ddim", "euler", "dpm"]
UNET_0_6: Json = {  # stable-diffusion-v1-5
    "_class_name": "UNet2DConditionModel",
    "_diffusers_version": "0.6.0",
    "act_fn": "silu",
    "attention_head_dim": 8,
    "block_out_channels": [CHANNELS, 2 * CHANNELS, 4 * CHANNELS, 4 * CHANNELS],
    "center_input_sample": False,
    "cross_attention_dim": TEXT_WIDTH,
    "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
    "downsample_padding": 1,
    "flip_sin_to_cos": True,
    "freq_shift": 0,
    "in_channels": 4,
    "layers_per_block": 2,
    "mid_block_scale_factor": 1,
    "norm_eps": 1e-05,
    "norm_num_groups": 32,
    "out_channels": 4,
    "sample_size": 64,
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
}
UNET_0_10: Json = UNET_0_6 | {  # stable-diffusion-2-1
    "_diffusers_version": "0.10.0.dev0",
    "attention_head_dim": [1, 1, 2, 2],  # published 5, 10, 20, 20: the number of heads, in spite of its name
    "dual_cross_attention": False,
    "num_class_embeds": None,
    "only_cross_attention": False,
    "sample_size": 96,
    "upcast_attention": True,
    "use_linear_projection": True,
}
UNET_0_19: Json = UNET_0_10 | {  # stable-diffusion-xl-base-1.0
    "_diffusers_version": "0.19.0.dev0",
    "addition_embed_type": "text_time",
    "addition_embed_type_num_heads": 64,
    "addition_time_embed_dim": 256,
    "attention_head_dim": [1, 1, 2],
    "block_out_channels": [CHANNELS, 2 * CHANNELS, 4 * CHANNELS],
    "class_embed_type": None,
    "class_embeddings_concat": False,
    "conv_in_kernel": 3,
    "conv_out_kernel": 3,
    "cross_attention_dim": 2 * TEXT_WIDTH,
    "cross_attention_norm": None,
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "encoder_hid_dim": None,
    "encoder_hid_dim_type": None,
    "mid_block_only_cross_attention": None,
    "mid_block_type": "UNetMidBlock2DCrossAttn",
    "num_attention_heads": None,
    "projection_class_embeddings_input_dim": TEXT_WIDTH + 6 * 256,
    "resnet_out_scale_factor": 1.0,
    "resnet_skip_time_act": False,
    "resnet_time_scale_shift": "default",
    "sample_size": 128,
    "time_cond_proj_dim": None,
    "time_embedding_act_fn": None,
    "time_embedding_dim": None,
    "time_embedding_type": "positional",
    "timestep_post_act": None,
    "transformer_layers_per_block": [1, 2, 10],
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    "upcast_attention": None,
}
UNET_SMALL: Json = (
    UNET_0_19
    | UNET_0_6
    | {  # segmind/small-sd
        "_diffusers_version": "0.19.0.dev0",
        "addition_embed_type": None,
        "addition_time_embed_dim": None,
        "layers_per_block": 1,
        "projection_class_embeddings_input_dim": None,
        "transformer_layers_per_block": 1,
        "upcast_attention": False,
        "use_linear_projection": False,
    }
)
UNETS: dict[str, Json] = {
    "sd15": UNET_0_6,
    "sd21": UNET_0_10,
    "sdxl": UNET_0_19,
    "small-sd": UNET_SMALL,
    "tiny-sd": UNET_SMALL
    | {  # segmind/tiny-sd: neither the middle block nor the level around it
        "block_out_channels": [CHANNELS, 2 * CHANNELS, 4 * CHANNELS],
        "down_block_types": ["CrossAttnDownBlock2D"] * 3,
        "mid_block_type": None,
        "up_block_types": ["CrossAttnUpBlock2D"] * 3,
    },
    "ssd-1b": UNET_0_19
    | {  # segmind/SSD-1B: a middle block without a transformer
        "mid_block_type": "UNetMidBlock2D",
        "reverse_transformer_layers_per_block": [[4, 4, 10], [2, 1, 1], 1],
        "transformer_layers_per_block": [1, [2, 2], [4, 4]],
    },
}
VAE_0_6: Json = {
    "_class_name": "AutoencoderKL",
    "_diffusers_version": "0.6.0",
    "act_fn": "silu",
    "block_out_channels": [CHANNELS, 2 * CHANNELS, 4 * CHANNELS, 4 * CHANNELS],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "in_channels": 3,
    "latent_channels": 4,
    "layers_per_block": 2,
    "norm_num_groups": 32,
    "out_channels": 3,
    "sample_size": 512,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
}
VAE_0_19: Json = VAE_0_6 | {
    "_diffusers_version": "0.19.0.dev0",
    "force_upcast": True,
    "sample_size": 1024,
    "scaling_factor": 0.13025,
}
CLIP_L: Json = {
    "_name_or_path": "openai/clip-vit-large-patch14",
    "architectures": ["CLIPTextModel"],
    "attention_dropout": 0.0,
    "bos_token_id": 0,  # as published, and wrong: the tokens are 49406 and 49407
    "dropout": 0.0,
    "eos_token_id": 2,
    "hidden_act": "quick_gelu",
    "hidden_size": TEXT_WIDTH,
    "initializer_factor": 1.0,
    "initializer_range": 0.02,
    "intermediate_size": 4 * TEXT_WIDTH,
    "layer_norm_eps": 1e-05,
    "max_position_embeddings": CONTEXT_LENGTH,
    "model_type": "clip_text_model",
    "num_attention_heads": 1,
    "num_hidden_layers": 12,
    "pad_token_id": 1,
    "projection_dim": TEXT_WIDTH,
    "torch_dtype": "float32",
    "transformers_version": "4.22.0.dev0",
    "vocab_size": VOCABULARY,
}
OPEN_CLIP_H: Json = CLIP_L | {
    "_name_or_path": "hf-models/stable-diffusion-v2-768x768/text_encoder",
    "hidden_act": "gelu",
    "num_hidden_layers": 23,  # of 24: the last is never read
    "projection_dim": TEXT_WIDTH // 2,  # published 512 for a width of 1024; the folder has no projection
    "transformers_version": "4.25.0.dev0",
}
CLIP_L_XL: Json = CLIP_L | {"torch_dtype": "float16", "transformers_version": "4.32.0.dev0"}
OPEN_CLIP_BIGG: Json = CLIP_L_XL | {
    "architectures": ["CLIPTextModelWithProjection"],
    "hidden_act": "gelu",
    "num_hidden_layers": 32,
}
ENCODERS: dict[str, dict[str, Json]] = {
    "sd21": {"text_encoder": OPEN_CLIP_H},
    "sdxl": {"text_encoder": CLIP_L_XL, "text_encoder_2": OPEN_CLIP_BIGG},
    "ssd-1b": {"text_encoder": CLIP_L_XL, "text_encoder_2": OPEN_CLIP_BIGG},
}  # all others have CLIP-L alone
FEATURE_EXTRACTOR: Json = {
    "crop_size": 224,
    "do_center_crop": True,
    "do_convert_rgb": True,
    "do_normalize": True,
    "do_resize": True,
    "feature_extractor_type": "CLIPFeatureExtractor",
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
    "resample": 3,
    "size": 224,
}
SCHEDULERS: dict[Scheduler, Json] = {
    "pndm": {  # stable-diffusion-v1-5
        "_class_name": "PNDMScheduler",
        "_diffusers_version": "0.6.0",
        "clip_sample": False,
        "set_alpha_to_one": False,
        "skip_prk_steps": True,
        "steps_offset": 1,
    },
    "ddim": {  # stable-diffusion-2-1
        "_class_name": "DDIMScheduler",
        "_diffusers_version": "0.8.0",
        "clip_sample": False,
        "set_alpha_to_one": False,
        "skip_prk_steps": True,
        "steps_offset": 1,
    },
    "euler": {  # stable-diffusion-xl-base-1.0
        "_class_name": "EulerDiscreteScheduler",
        "_diffusers_version": "0.19.0.dev0",
        "clip_sample": False,
        "interpolation_type": "linear",
        "prediction_type": "epsilon",
        "sample_max_value": 1.0,
        "set_alpha_to_one": False,
        "skip_prk_steps": True,
        "steps_offset": 1,
        "timestep_spacing": "leading",
        "use_karras_sigmas": False,
    },
    "dpm": {  # what diffusers 0.20 saved
        "_class_name": "DPMSolverMultistepScheduler",
        "_diffusers_version": "0.20.0",
        "algorithm_type": "dpmsolver++",
        "clip_sample": False,
        "dynamic_thresholding_ratio": 0.995,
        "lambda_min_clipped": float("-inf"),  # "-Infinity" in the file, which is no JSON
        "lower_order_final": True,
        "prediction_type": "epsilon",
        "sample_max_value": 1.0,
        "set_alpha_to_one": False,
        "skip_prk_steps": True,
        "solver_order": 2,
        "solver_type": "midpoint",
        "steps_offset": 1,
        "thresholding": False,
        "timestep_spacing": "linspace",
        "use_karras_sigmas": True,
        "variance_type": None,
    },
}
BETAS: Json = {
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "num_train_timesteps": 1000,
    "trained_betas": None,
}
