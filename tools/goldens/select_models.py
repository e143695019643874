"""Tiny random models that select things, exported to ONNX in the layout of the Hub's repositories for transformers.js, and
the values that PyTorch gives for one image.

    python tools/goldens/select_models.py       # writes goldens/selectors/, values/selectors.safetensors

Their sizes are tiny, their classes, graphs' names, inputs and outputs those of Xenova/slimsam-77-uniform (SAM),
onnx-community/sam2.1-hiera-tiny-ONNX (SAM 2), onnx-community/EdgeTAM-ONNX and Xenova/clipseg-rd64-refined. The image is
96 x 64, so that the longer side, padding and both scales matter. Beside requirements.txt it needs timm 1.0.31, for EdgeTAM.
"""

import copy
import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import (
    CLIPSegConfig,
    CLIPSegForImageSegmentation,
    CLIPTokenizerFast,
    EdgeTamConfig,
    EdgeTamModel,
    EdgeTamVisionConfig,
    Sam2Config,
    Sam2Model,
    SamConfig,
    SamModel,
    TimmWrapperConfig,
)

ROOT = Path(__file__).resolve().parents[2] / "goldens"
FOLDER = ROOT / "selectors"
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
# Of the square that the networks see, and of a cell of its grid.
SIDE, PATCH = 64, 16
WIDTH = 32
TEXTS = ["cat", "the dog"]
values = {}


def picture():
    """A bright disc on a slope, with a dark bar: 96 x 64."""
    y, x = np.mgrid[0:64, 0:96]
    rgb = np.stack([x * 2, y * 3, 120 + 0 * x], axis=-1)
    rgb[(x - 30) ** 2 + (y - 34) ** 2 < 300] = (240, 200, 30)
    rgb[10:54, 66:80] = (20, 30, 90)
    return np.clip(rgb, 0, 255).astype(np.uint8)


def scaled(size):
    """uint8 [height, width, 3], as Pillow scales. @param size width, height"""
    return np.asarray(Image.fromarray(picture()).resize(size, Image.Resampling.BILINEAR))


def pixels(size):
    """float32 [1, 3, height, width], normalised. @param size width, height"""
    normal = (scaled(size).astype(np.float32) / 255 - MEAN) / STD
    return torch.from_numpy(normal.astype(np.float32)).permute(2, 0, 1)[None]


def seeded(model, seed, scale=3.0):
    """Larger weights than at the start of a training: those would give the same for every input."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            fan = parameter[0].numel() if parameter.dim() > 1 else 1
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() > 1:
                parameter.copy_(noise * scale / 2 / fan**0.5)
            elif name.endswith("bias"):
                parameter.copy_(noise * 0.05)
            else:
                parameter.copy_(1 + noise * 0.1)
    return model.eval()


def export(module, folder, name, inputs, outputs, feeds, dynamic=None):
    path = FOLDER / folder / "onnx" / f"{name}.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            tuple(feeds),
            str(path),
            input_names=inputs,
            output_names=outputs,
            dynamic_axes=dynamic or {},
            opset_version=17,
            dynamo=False,
        )
    # The exporter notes sizes of its example between the layers, which are wrong for other prompts.
    model = onnx.load(path)
    del model.graph.value_info[:]
    onnx.save_model(model, path)
    return path


def write(folder, name, content):
    (FOLDER / folder).mkdir(parents=True, exist_ok=True)
    (FOLDER / folder / name).write_text(json.dumps(content, indent=2) + "\n")


def with_data_beside(path):
    """The weights in a file of their own, as the larger exports have them."""
    model = onnx.load(path)
    onnx.save_model(
        model, path, save_as_external_data=True, location=f"{path.name}_data", size_threshold=256
    )


class SamEncoder(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model.get_image_embeddings(pixel_values), self.model.get_image_wide_positional_embeddings()


class SamDecoder(torch.nn.Module):
    """As optimum's SamOnnxConfig has it."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_points, input_labels, image_embeddings, image_positional_embeddings):
        sparse, dense = self.model.prompt_encoder(
            input_points=input_points, input_labels=input_labels, input_boxes=None, input_masks=None
        )
        masks, scores = self.model.mask_decoder(
            image_embeddings=image_embeddings,
            image_positional_embeddings=image_positional_embeddings,
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=True,
        )[:2]
        return scores, masks


POINTS = {1: "point_batch_size", 2: "nb_points_per_image"}


def sam():
    decoder = {"hidden_size": WIDTH, "mlp_dim": 64, "num_attention_heads": 2, "iou_head_hidden_dim": WIDTH}
    config = SamConfig(
        vision_config={
            "hidden_size": WIDTH,
            "output_channels": WIDTH,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": SIDE,
            "patch_size": PATCH,
            "mlp_dim": 64,
            "window_size": 2,
            "global_attn_indexes": [1],
            "num_pos_feats": WIDTH // 2,
        },
        prompt_encoder_config={"hidden_size": WIDTH, "image_size": SIDE, "patch_size": PATCH},
        mask_decoder_config=decoder,
        attn_implementation="eager",
    )
    model = seeded(SamModel(config), 1)
    encoder, decoder = SamEncoder(model), SamDecoder(model)
    # The longer side fills the square; the rest is zeros.
    image = torch.zeros(1, 3, SIDE, SIDE)
    image[:, :, :43, :64] = pixels((64, 43))
    points = torch.tensor([[[[20.0, 22.0], [48.0, 22.0]]]])
    labels = torch.tensor([[[1, 0]]])
    with torch.no_grad():
        embeddings, positions = encoder(image)
        scores, masks = decoder(points, labels, embeddings, positions)
    # The page's click, by the class's own forward.
    whole = model(pixel_values=image, input_points=points, input_labels=labels)
    assert torch.allclose(whole.pred_masks, masks, atol=1e-5)
    export(encoder, "sam", "vision_encoder", ["pixel_values"], ["image_embeddings", "image_positional_embeddings"], [image])
    export(
        decoder,
        "sam",
        "prompt_encoder_mask_decoder",
        ["input_points", "input_labels", "image_embeddings", "image_positional_embeddings"],
        ["iou_scores", "pred_masks"],
        [points, labels, embeddings, positions],
        {"input_points": POINTS, "input_labels": POINTS},
    )
    write("sam", "config.json", {**config.to_dict(), "architectures": ["SamModel"]})
    write(
        "sam",
        "preprocessor_config.json",
        {
            **common(),
            "do_pad": True,
            "image_processor_type": "SamImageProcessor",
            "pad_size": {"height": SIDE, "width": SIDE},
            "processor_class": "SamProcessor",
            "size": {"longest_edge": SIDE},
        },
    )
    values.update({"sam.pixels": image, "sam.masks": masks, "sam.scores": scores})


def common():
    return {
        "do_convert_rgb": True,
        "do_normalize": True,
        "do_rescale": True,
        "do_resize": True,
        "image_mean": MEAN,
        "image_std": STD,
        "resample": 2,
        "rescale_factor": 1 / 255,
    }


class Sam2Encoder(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return tuple(self.model.get_image_embeddings(pixel_values))


class HalfEncoder(torch.nn.Module):
    """As the Hub's fp16 files: weights and arithmetic in halves, inputs and outputs in float32."""

    def __init__(self, model):
        super().__init__()
        self.model = Sam2Encoder(copy.deepcopy(model).half())

    def forward(self, pixel_values):
        return tuple(level.float() for level in self.model(pixel_values.half()))


class Sam2Decoder(torch.nn.Module):
    """Points and boxes are both given, either may be empty; corners count as points labelled 2 and 3."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_points, input_labels, input_boxes, low, middle, high):
        model = self.model
        corners = input_boxes.reshape(input_boxes.shape[0], 1, -1, 2)
        names = torch.ones_like(corners[..., 0], dtype=torch.int64) * 2
        names = names + torch.arange(corners.shape[2]).remainder(2)[None, None]
        sparse = model.prompt_encoder._embed_points(
            torch.cat([input_points, corners], dim=2), torch.cat([input_labels, names], dim=2), pad=True
        )
        size = model.prompt_encoder.image_embedding_size
        dense = model.prompt_encoder.no_mask_embed.weight.reshape(1, -1, 1, 1).expand(1, -1, *size)
        masks, scores, _, object_scores = model.mask_decoder(
            image_embeddings=high,
            image_positional_embeddings=model.get_image_wide_positional_embeddings(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=True,
            high_resolution_features=[low, middle],
        )
        return scores, masks, object_scores


def sam2_networks(name, model, half=False):
    """Writes both graphs and PyTorch's values in float32: by points, and by a box and a point."""
    encoder, decoder = Sam2Encoder(model), Sam2Decoder(model)
    image = pixels((SIDE, SIDE))
    points = torch.tensor([[[[20.0, 34.0], [48.0, 32.0]]]])
    labels = torch.tensor([[[1, 0]]])
    box = torch.tensor([[[8.0, 15.0, 33.0, 55.0]]])
    no_box = torch.zeros(1, 0, 4)
    with torch.no_grad():
        features = encoder(image)
        scores, masks, seen = decoder(points, labels, no_box, *features)
        box_scores, box_masks, _ = decoder(points[:, :, :1], labels[:, :, :1], box, *features)
        whole = model(pixel_values=image, input_points=points, input_labels=labels)
        boxed = model(
            pixel_values=image, input_points=points[:, :, :1], input_labels=labels[:, :, :1], input_boxes=box.clone()
        )
    assert torch.allclose(whole.pred_masks, masks, atol=1e-4)
    assert torch.allclose(boxed.pred_masks, box_masks, atol=1e-4)
    embeddings = [f"image_embeddings.{level}" for level in range(3)]
    stored = ("vision_encoder_fp16", HalfEncoder(model)) if half else ("vision_encoder", encoder)
    paths = [export(stored[1], name, stored[0], ["pixel_values"], embeddings, [image])]
    paths.append(
        export(
            decoder,
            name,
            "prompt_encoder_mask_decoder",
            ["input_points", "input_labels", "input_boxes", *embeddings],
            ["iou_scores", "pred_masks", "object_score_logits"],
            [points, labels, box, *features],
            {"input_points": {2: "num_points"}, "input_labels": {2: "num_points"}, "input_boxes": {1: "num_boxes"}},
        )
    )
    for path in paths:
        with_data_beside(path)
    values.update(
        {
            f"{name}.pixels": image,
            f"{name}.masks": masks,
            f"{name}.scores": scores,
            f"{name}.object": seen,
            f"{name}.box_masks": box_masks,
            f"{name}.box_scores": box_scores,
        }
    )


def sam2_texts(name, config, architecture):
    files = {path.name: 1 for path in sorted((FOLDER / name / "onnx").glob("*.onnx"))}
    own = {"use_external_data_format": files}
    write(name, "config.json", {**config, "architectures": [architecture], "transformers.js_config": own})
    write(
        name,
        "preprocessor_config.json",
        {
            **common(),
            "image_processor_type": "Sam2ImageProcessorFast",
            "mask_size": {"height": SIDE // 4, "width": SIDE // 4},
            "processor_class": "Sam2VideoProcessor",
            "size": {"height": SIDE, "width": SIDE},
        },
    )


def decoder_parts():
    prompt = {"hidden_size": WIDTH, "image_size": SIDE, "patch_size": PATCH, "mask_input_channels": 4}
    mask = {
        "hidden_size": WIDTH,
        "mlp_dim": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "iou_head_hidden_dim": WIDTH,
    }
    return {"prompt_encoder_config": prompt, "mask_decoder_config": mask}


SIZES = [[SIDE // 4, SIDE // 4], [SIDE // 8, SIDE // 8], [SIDE // 16, SIDE // 16]]


def sam2():
    widths = [8, 16, 32, 64]
    backbone = {
        "hidden_size": 8,
        "image_size": [SIDE, SIDE],
        "blocks_per_stage": [1, 1, 2, 1],
        "embed_dim_per_stage": widths,
        "num_attention_heads_per_stage": [1, 1, 2, 2],
        "window_size_per_stage": [4, 2, 2, 2],
        "window_positional_embedding_background_size": [4, 4],
        "global_attention_blocks": [3],
        "mlp_ratio": 2.0,
    }
    vision = {
        "backbone_config": backbone,
        "backbone_channel_list": widths[::-1],
        "backbone_feature_sizes": SIZES,
        "fpn_hidden_size": WIDTH,
    }
    config = Sam2Config(vision_config=vision, **decoder_parts(), attn_implementation="eager")
    sam2_networks("sam2", seeded(Sam2Model(config), 2, scale=2.5), half=True)
    sam2_texts("sam2", config.to_dict(), "Sam2Model")


def edgetam():
    # RepViT, its own backbone, has no tiny form: another of timm's with the same four scales.
    backbone = TimmWrapperConfig(
        architecture="test_convnext",
        model_args={"in_chans": 3, "features_only": True, "out_indices": [0, 1, 2, 3]},
    )
    vision = EdgeTamVisionConfig(
        backbone_config=backbone.to_dict() | {"model_type": "timm_wrapper"},
        backbone_channel_list=[64, 48, 32, 24],
        backbone_feature_sizes=SIZES,
        fpn_hidden_size=WIDTH,
    )
    config = EdgeTamConfig(vision_config=vision, **decoder_parts(), attn_implementation="eager")
    sam2_networks("edgetam", seeded(EdgeTamModel(config), 3, scale=2.5))
    sam2_texts("edgetam", {**config.to_dict(), "model_type": "edgetam"}, "EdgeTamModel")


class ClipSeg(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, pixel_values, attention_mask):
        return self.model(input_ids=input_ids, pixel_values=pixel_values, attention_mask=attention_mask).logits


def clipseg():
    source = ROOT / "models" / "sd15" / "tokenizer"
    tokenizer = CLIPTokenizerFast.from_pretrained(source)
    width, length = 32, 77
    config = CLIPSegConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": width,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "max_position_embeddings": length,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        vision_config={
            "hidden_size": width,
            "intermediate_size": 64,
            "num_hidden_layers": 3,
            "num_attention_heads": 2,
            "image_size": SIDE,
            "patch_size": PATCH,
        },
        projection_dim=16,
        reduce_dim=16,
        extract_layers=[0, 1, 2],
        decoder_num_attention_heads=2,
        decoder_intermediate_size=32,
        attn_implementation="eager",
    )
    model = seeded(CLIPSegForImageSegmentation(config), 4)
    network = ClipSeg(model)
    image = pixels((SIDE, SIDE))
    logits = []
    for text in TEXTS:
        ids = tokenizer([text], return_tensors="pt")
        with torch.no_grad():
            logits.append(network(ids.input_ids, image, ids.attention_mask).reshape(1, SIDE, SIDE))
    feeds = [ids.input_ids, image, ids.attention_mask]
    export(
        network,
        "clipseg",
        "model",
        ["input_ids", "pixel_values", "attention_mask"],
        ["logits"],
        feeds,
        {"input_ids": {1: "length"}, "attention_mask": {1: "length"}},
    )
    # The offered file is the one with 8-bit weights; here it is the same graph.
    folder = FOLDER / "clipseg"
    (folder / "onnx" / "model.onnx").rename(folder / "onnx" / "model_quantized.onnx")
    tokenizer.save_pretrained(folder)
    write("clipseg", "config.json", {**config.to_dict(), "architectures": ["CLIPSegForImageSegmentation"]})
    write(
        "clipseg",
        "preprocessor_config.json",
        {
            **common(),
            "image_processor_type": "ViTImageProcessor",
            "processor_class": "CLIPSegProcessor",
            "size": {"height": SIDE, "width": SIDE},
        },
    )
    for text, values_of_text in zip(TEXTS, logits):
        values[f"clipseg.{text}"] = values_of_text
    values["clipseg.pixels"] = image


shutil.rmtree(FOLDER, ignore_errors=True)
for make in (sam, sam2, edgetam, clipseg):
    # Positional embeddings are random buffers, not parameters.
    torch.manual_seed(5)
    make()
for name, size in (("padded", (64, 43)), ("square", (SIDE, SIDE))):
    values[f"scaled.{name}"] = torch.from_numpy(scaled(size).copy())
values["picture"] = torch.from_numpy(picture())
save_file({name: tensor.contiguous() for name, tensor in values.items()}, ROOT / "values" / "selectors.safetensors")
for name in sorted(values):
    tensor = values[name].float()
    print(f"{name:20} {list(tensor.shape)} {tensor.min():.3f} … {tensor.max():.3f}")
