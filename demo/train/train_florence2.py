"""Trains a small Florence-2 on captions, boxes and questions of pictures.

Each step encodes a batch of scenes and pattern pictures once and asks three
things of it: a caption of every picture (of a pattern picture its statement),
the boxes of every scene, and one question of every picture. The loss is the
mean cross-entropy of the answers' tokens, the three tasks weighing the same.
"""

import argparse

import torch
import torch.nn.functional as F
from transformers import (
    CLIPImageProcessor,
    Florence2Config,
    Florence2ForConditionalGeneration,
    Florence2Processor,
    GenerationConfig,
)

import augment
import captions
import florence_tasks
import pictures
import training
import vocabulary

TASKS = (
    "pure_text",
    "description_with_bboxes",
    "bboxes",
    "phrase_grounding",
    "description_with_polygons",
    "polygons",
    "description_with_bboxes_or_polygons",
    "ocr",
)


def make_config(options, tokenizer) -> Florence2Config:
    """Three DaViT stages (24, 12 and 6 cells a side) and a small BART."""
    heads = [width // 32 for width in options.widths]
    return Florence2Config(
        image_token_id=tokenizer.convert_tokens_to_ids(vocabulary.IMAGE_TOKEN),
        vision_config={
            "depths": options.depths,
            "embed_dim": options.widths,
            "num_heads": heads,
            "num_groups": heads,
            "patch_size": [7, 3, 3],
            "patch_stride": [4, 2, 2],
            "patch_padding": [3, 1, 1],
            "patch_prenorm": [False, True, True],
            "window_size": 6,
            "drop_path_rate": 0.0,
            "projection_dim": options.model_width,
            "max_position_embeddings": 6,
            "max_temporal_embeddings": 1,
        },
        text_config={
            "model_type": "bart",
            "vocab_size": len(tokenizer),
            "d_model": options.model_width,
            "encoder_layers": options.encoder_layers,
            "decoder_layers": options.decoder_layers,
            "encoder_attention_heads": options.model_width // 32,
            "decoder_attention_heads": options.model_width // 32,
            "encoder_ffn_dim": options.feed_forward,
            "decoder_ffn_dim": options.feed_forward,
            "max_position_embeddings": vocabulary.BART_TOKENS,
            "dropout": 0.0,
            "init_std": 0.04,
            "bos_token_id": tokenizer.bos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "decoder_start_token_id": tokenizer.eos_token_id,
            "forced_bos_token_id": tokenizer.bos_token_id,
            "forced_eos_token_id": tokenizer.eos_token_id,
        },
    )


@torch.no_grad()
def order_places(model, tokenizer) -> None:
    """Gives neighbouring places similar first embeddings.

    With independent ones the model would have to learn from the boxes which of
    the thousand tokens lie next to each other.
    """
    table = model.get_input_embeddings().weight
    first = tokenizer.convert_tokens_to_ids("<loc_0>")
    where = torch.linspace(0, 1, vocabulary.BINS)[:, None]
    waves = torch.arange(table.shape[1] // 2)[None, :] * torch.pi
    smooth = torch.cat([(where * waves).cos(), (where * waves).sin()], 1)
    # Slow waves weigh more: far places are then less alike than near ones.
    weight = 1 / (1 + torch.arange(table.shape[1] // 2) / 8)
    smooth = smooth * torch.cat([weight, weight])
    scale = table.std() / smooth.std()
    table[first : first + vocabulary.BINS] = smooth * scale


def answer_losses(
    model, images: torch.Tensor, tasks, together: bool
) -> list[torch.Tensor]:
    """Cross-entropy of the answers' tokens, teacher forced, task by task.

    Args:
      model: the whole.
      images: picture tokens (B, T, D).
      tasks: of each its prompts (N, P) and answers (N, A), filled up; task's
        row i is about picture i.
      together: all in one batch, which is wider than need be. A card is kept
        busy by few large steps, a processor saves what is not computed.
    """
    filler = model.config.text_config.pad_token_id
    if together:
        widest = [max(part.shape[1] for part in parts) for parts in zip(*tasks)]
        prompts, answers = (
            torch.cat(
                [
                    F.pad(part, (0, most - part.shape[1]), value=filler)
                    for part in parts
                ]
            )
            for parts, most in zip(zip(*tasks), widest)
        )
        shown = torch.cat([images[: len(prompt)] for prompt, _ in tasks])
        each = _token_losses(model, shown, prompts, answers, filler)
        counts = [len(prompt) for prompt, _ in tasks]
        parts = zip(each.split(counts), answers.split(counts))
    else:
        parts = [
            (
                _token_losses(
                    model, images[: len(prompt)], prompt, answer, filler
                ),
                answer,
            )
            for prompt, answer in tasks
        ]
    return [each.sum() / (answer != filler).sum() for each, answer in parts]


def _token_losses(model, images, prompts, answers, filler: int):
    """Losses (N, A) of the answers' tokens, 0 where they are filled up."""
    config = model.config.text_config
    embedded = model.get_input_embeddings()(prompts)
    seen = F.pad(prompts != filler, (images.shape[1], 0), value=True)
    start = torch.full_like(answers[:, :1], config.decoder_start_token_id)
    place = torch.arange(answers.shape[1], device=answers.device)
    earlier = (place[None, :] <= place[:, None])[None, None]
    # Masks of four dimensions are used as they are; others are looked at
    # first, which waits for the device.
    hidden = model.model.language_model(
        inputs_embeds=torch.cat([images, embedded], 1),
        attention_mask=seen[:, None, None, :],
        decoder_input_ids=torch.cat([start, answers[:, :-1]], 1),
        decoder_attention_mask=earlier.expand(len(answers), -1, -1, -1),
        use_cache=False,
    ).last_hidden_state
    losses = F.cross_entropy(
        model.lm_head(hidden).flatten(0, 1),
        answers.flatten(),
        ignore_index=filler,
        reduction="none",
    )
    return losses.view_as(answers)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    training.add_common_arguments(
        parser, "florence2", steps=7000, batch=48, rate=1e-3
    )
    parser.add_argument("--widths", type=int, nargs="+", default=[32, 64, 128])
    parser.add_argument("--depths", type=int, nargs="+", default=[1, 1, 2])
    parser.add_argument("--model-width", type=int, default=128)
    parser.add_argument("--feed-forward", type=int, default=256)
    parser.add_argument("--encoder-layers", type=int, default=2)
    parser.add_argument("--decoder-layers", type=int, default=3)
    parser.add_argument(
        "--shift",
        type=float,
        default=5.0,
        help="pixels that pictures are moved by at most, boxes with them",
    )
    parser.add_argument("--zoom", type=float, default=0.1)
    return parser.parse_args()


def make_processor(tokenizer) -> Florence2Processor:
    """The processor that the folder is saved with."""
    processor = CLIPImageProcessor(
        size={"height": pictures.SIZE, "width": pictures.SIZE},
        do_center_crop=False,
        image_mean=[pictures.MEAN] * 3,
        image_std=[pictures.STD] * 3,
    )
    # 6 x 6 cells and their mean.
    processor.image_seq_length = (pictures.SIZE // 16) ** 2 + 1
    return Florence2Processor(
        image_processor=processor,
        tokenizer=tokenizer,
        post_processor_config={task: {} for task in TASKS},
    )


def save(model, tokenizer, folder) -> None:
    """Saves weights in half precision, the processor and the tokenizer."""
    # The published settings, but for no_repeat_ngram_size 3: captions of
    # several things repeat three tokens rightly ("fish, a ... fish, a").
    text = model.config.text_config
    model.generation_config = GenerationConfig(
        bos_token_id=text.bos_token_id,
        pad_token_id=text.pad_token_id,
        eos_token_id=text.eos_token_id,
        decoder_start_token_id=text.decoder_start_token_id,
        forced_bos_token_id=text.bos_token_id,
        forced_eos_token_id=text.eos_token_id,
        num_beams=3,
        early_stopping=True,
        max_length=120,
    )
    folder.mkdir(parents=True, exist_ok=True)
    model.half().save_pretrained(folder)
    make_processor(tokenizer).save_pretrained(folder)
    # For readers of the files that transformers 5 no longer writes.
    tokenizer.backend_tokenizer.model.save(str(folder))
    training.save_preprocessor(
        folder,
        "CLIPImageProcessor",
        size={"height": pictures.SIZE, "width": pictures.SIZE},
        do_center_crop=False,
        image_seq_length=(pictures.SIZE // 16) ** 2 + 1,
    )


def main():
    options = parse_arguments()
    training.begin(options)
    scenes, patterns = pictures.load_training(options)
    scene_texts = captions.of_scenes(scenes.captions)
    statements = [row["statement"] for row in patterns.questions]
    labels = sorted({box[0] for found in scenes.boxes for box in found})
    rows = scenes.questions + patterns.questions
    tokenizer = vocabulary.train_florence_tokenizer(
        scene_texts
        + statements
        + 1000 * labels
        + [row["question"] for row in rows]
        + [florence_tasks.answer_text(row) for row in rows]
        + 1000 * [florence_tasks.CAPTION, florence_tasks.DETECTION]
    )

    device = options.device
    told = florence_tasks.captions(tokenizer, scene_texts + statements, device)
    boxed = florence_tasks.Detections(tokenizer, scenes.boxes, device)
    asked = florence_tasks.questions(
        tokenizer,
        rows,
        [row["path"] for row in scenes.captions + patterns.questions],
        device,
    )
    asked_of = asked.of_pictures(len(scenes) + len(patterns))

    model = Florence2ForConditionalGeneration(make_config(options, tokenizer))
    order_places(model, tokenizer)
    model.to(device)
    optimizer = training.make_optimizer(model, options, betas=(0.9, 0.98))
    run = training.Run(options, {"model": model, "optimizer": optimizer})

    model.train()
    most = options.batch * 2 // 3
    for step in run.steps():
        images, some, more = training.mixed_batch(
            options, step, scenes, patterns, most
        )
        images, moved = augment.shift_with_places(
            images, options.shift, options.zoom
        )
        images = augment.mild_tone(images)
        tokens = model.model.get_image_features(
            pictures.normalize(images)
        ).pooler_output

        both = torch.cat([some, more + len(scenes)])
        # Drawn where the lists are, so that nothing waits for the device.
        generator = torch.Generator().manual_seed(options.seed + 7919 * step)
        draws = torch.rand(len(both), generator=generator).tolist()
        picked = torch.tensor(
            [
                asked_of[picture][int(draw * len(asked_of[picture]))]
                for picture, draw in zip(both.tolist(), draws)
            ]
        )
        losses = answer_losses(
            model,
            tokens,
            [told.some(both), boxed.some(some, moved), asked.some(picked)],
            together=images.is_cuda,
        )
        loss = sum(losses) / len(losses)
        training.descend(optimizer, model, loss)
        run.log(
            "caption {caption:.3f} boxes {boxes:.3f} answer {answer:.3f}",
            **dict(zip(("caption", "boxes", "answer"), losses)),
        )

    save(model, tokenizer, options.out)
    run.finish()


if __name__ == "__main__":
    main()
