"""Measures the four checkpoints on held-out seeds and fills in their cards.

Prints what it measures and, with --cards, writes it between the two markers of
each checkpoint's README.md, and fills in above what training.json tells.
"""

import argparse
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

import captions
import evaluate_florence2
import features
import measures
import pictures
import read_out

# Added to all seeds by --validation.
VALIDATION = 100


def plans(offset: int = 0, share: float = 1.0) -> dict[str, pictures.Plan]:
    """What is drawn to evaluate the three that give features.

    Args:
      offset: what is added to the seeds. Without, all are below 100, which no
        picture that was trained on is.
      share: of the usual number of pictures.
    """
    steps = (0, 1, 2)
    most = round(400 * share)
    return {
        "train": pictures.Plan("patterns", 11 + offset, most, steps=steps),
        "test": pictures.Plan("patterns", 1 + offset, most // 2, steps=steps),
        "scenes": pictures.Plan("scenes", 2 + offset, round(600 * share)),
    }


PATTERNS = (
    *("orientation", "presence", "state", "quantity", "position", "color"),
    *("structure", "text", "viewpoint"),
)
NEAR_MIN = 0.95
FAR_MAX = 0.6
START = "<!-- measured by demo/train/evaluate.py -->"
STOP = "<!-- end -->"


class Sets:
    """The held-out pictures, and where each pattern's pairs begin."""

    def __init__(self, options, offset: int):
        self.plans = plans(offset, options.share)
        self.train, self.test, self.scenes = (
            pictures.load(
                self.plans[part], options.eyechart, threads=options.threads
            )
            for part in ("train", "test", "scenes")
        )

    @staticmethod
    def of_pattern(rows: list[dict], pattern: str) -> slice:
        """Where a pattern's pictures are; they lie together."""
        found = [i for i, row in enumerate(rows) if row["pattern"] == pattern]
        return slice(found[0], found[-1] + 1)


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def read_outs(sets: Sets, train, test) -> dict[str, np.ndarray]:
    """Right answers (pairs, 2) of a linear read-out, pattern by pattern."""
    right = {}
    for pattern in PATTERNS:
        some = Sets.of_pattern(sets.train.questions, pattern)
        more = Sets.of_pattern(sets.test.questions, pattern)
        right[pattern] = read_out.answers(train[some], test[more])[0].numpy()
    return right


def by_statements(sets: Sets, images, texts) -> dict[str, np.ndarray]:
    """Right choices (pairs, 2): each statement between the pair's pictures."""
    right = {}
    for pattern in PATTERNS:
        some = Sets.of_pattern(sets.test.questions, pattern)
        shown, said = (
            F.normalize(x[some], dim=-1).view(-1, 2, x.shape[1])
            for x in (images, texts)
        )
        cosines = said @ shown.transpose(1, 2)
        own = cosines.diagonal(dim1=1, dim2=2)
        other = cosines.flip(2).diagonal(dim1=1, dim2=2)
        right[pattern] = (own > other).numpy()
    return right


def score_table(columns: dict[str, dict[str, np.ndarray]]) -> str:
    """Single and pair accuracy, pattern by pattern, with intervals."""
    rows = []
    for pattern in (*PATTERNS, "all"):
        row = [pattern]
        for right in columns.values():
            if pattern == "all":
                answers = np.concatenate([right[p] for p in PATTERNS])
            else:
                answers = right[pattern]
            row.append(measures.percent(answers.sum(), answers.size))
            row.append(
                measures.percent(answers.all(1).sum(), len(answers))
            )
        rows.append(row)
    head = ["pattern"]
    for name in columns:
        head += [f"{name}, answers", f"{name}, pairs"]
    return table(head, rows)


def difference_table(clip, others: dict[str, dict[str, np.ndarray]]) -> str:
    """Read-outs less CLIP by its text, paired, in points."""
    rows = []
    for pattern in PATTERNS:
        row = [pattern]
        for right in others.values():
            middle, low, high = (
                100 * value
                for value in measures.paired_difference(
                    right[pattern], clip[pattern]
                )
            )
            row.append(f"{middle:+.1f} [{low:+.1f}, {high:+.1f}]")
        rows.append(row)
    return table(["pattern", *others], rows)


def naming(sets: Sets, images, model, folder) -> str:
    """Which caption fits: among all the patterns', and among 100 scenes'."""
    rows = sets.test.questions
    own = captions.of_patterns(rows)
    kept = [i for i, row in enumerate(rows) if row["pattern"] != "color"]
    names = sorted({own[i] for i in kept})
    texts = features.of_texts(model, folder, names)
    unit = F.normalize(images["test"], dim=-1)
    guessed = (unit[kept] @ texts.T).argmax(1).tolist()
    right = sum(names[g] == own[i] for g, i in zip(guessed, kept))

    said = captions.of_scenes(sets.scenes.captions)
    texts = features.of_texts(model, folder, said)
    unit = F.normalize(images["scenes"], dim=-1)
    found = 0
    for start in range(0, len(said), 100):
        some = slice(start, start + 100)
        best = (unit[some] @ texts[some].T).argmax(1).tolist()
        found += sum(
            said[start + b] == said[start + i] for i, b in enumerate(best)
        )
    return table(
        ["zero-shot", "right"],
        [
            [
                f"the pattern picture's caption among {len(names)}",
                measures.percent(right, len(kept)),
            ],
            [
                "the scene's caption among 100",
                measures.percent(found, len(said)),
            ],
        ],
    )


def twins_table(sets: Sets, clip, dino) -> str:
    """Cosines of the two pictures of a pair, pattern by pattern."""
    rows = []
    for pattern in PATTERNS:
        some = Sets.of_pattern(sets.test.questions, pattern)
        row = [pattern]
        values = []
        for vectors in (clip, dino):
            unit = F.normalize(vectors[some], dim=-1)
            cosines = (unit[0::2] * unit[1::2]).sum(1)
            values.append(cosines)
            quantiles = np.quantile(cosines.numpy(), (0.05, 0.5, 0.95))
            row.append(" ".join(f"{q:.2f}" for q in quantiles))
        blind = (values[0] > NEAR_MIN) & (values[1] < FAR_MAX)
        row.append(measures.percent(blind.sum().item(), len(blind)))
        rows.append(row)
    head = ["pair of", "CLIP, 5 50 95 %", "DINOv2, 5 50 95 %", "blind"]
    return table(head, rows)


def mining_table(sets: Sets, clip, dino, thresholds) -> str:
    """Blind pairs among all held-out pictures, and where they come from.

    Args:
      sets: the pictures.
      clip, dino: features of the pattern pictures, then of the scenes.
      thresholds: (CLIP above, DINOv2 below).
    """
    count = len(clip)
    kinds = [row["pattern"] for row in sets.test.questions]
    kinds += ["scenes"] * len(sets.scenes)
    code = {name: i for i, name in enumerate((*PATTERNS, "scenes"))}
    codes = torch.tensor([code[kind] for kind in kinds])
    pair = torch.tensor(
        [int(row["pair"]) for row in sets.test.questions]
        + [-1 - i for i in range(len(sets.scenes))]
    )
    first, second = torch.triu_indices(count, count, 1)
    cosines = []
    for vectors in (clip, dino):
        unit = F.normalize(vectors, dim=-1)
        cosines.append((unit @ unit.T)[first, second])
    near = cosines[0] > thresholds[0]
    blind = near & (cosines[1] < thresholds[1])
    first, second = first[blind], second[blind]
    total = int(blind.sum())
    one = codes[first] == codes[second]
    twins = pair[first] == pair[second]
    lines = [
        f"Among {count} pictures ({len(near)} pairs), {int(near.sum())} are "
        f"near in CLIP (> {thresholds[0]}) and {total} of these are far in "
        f"DINOv2 (< {thresholds[1]}): one in {len(near) // max(1, total)}.",
        "Most are two pictures of different pairs with one caption; the last",
        "column counts those that were drawn as a pair.",
    ]
    rows = []
    for name, number in code.items():
        here = one & (codes[first] == number)
        rows.append(
            [
                name,
                measures.percent(here.sum(), total),
                str(int((twins & here).sum())),
            ]
        )
    rows.append(["two kinds", measures.percent((~one).sum(), total), "0"])
    head = ["both pictures from", "share of blind pairs", "of these one pair"]
    return "\n".join(lines) + "\n\n" + table(head, rows)


def fill_card(folder: pathlib.Path, text: str) -> None:
    """Puts the text between the markers of the card, and the rows of facts."""
    path = folder / "README.md"
    card = path.read_text(encoding="utf-8")
    before, rest = card.split(START, 1)
    after = rest.split(STOP, 1)[1]
    for name, value in facts(folder).items():
        lines = before.split("\n")
        found = [
            i for i, line in enumerate(lines) if line.startswith(f"| {name} |")
        ]
        if len(found) != 1:
            raise SystemExit(f"{path} should have one row {name!r}")
        lines[found[0]] = f"| {name} | {value} |"
        before = "\n".join(lines)
    path.write_text(
        f"{before}{START}\n\n{text}\n\n{STOP}{after}", encoding="utf-8"
    )


def facts(folder: pathlib.Path) -> dict[str, str]:
    """Rows of the card's first table, from what the trainer wrote."""
    path = folder / "training.json"
    if not path.exists():
        return {}
    told = json.loads(path.read_text(encoding="utf-8"))
    settings = told["settings"]
    seen = told["steps"] * told["batch"]
    pairs = 9 * settings["pairs"]
    size = (folder / "model.safetensors").stat().st_size / 1e6
    rate = f"{settings['learning_rate']:.1e}".replace(".0e", "e")
    rate = rate.replace("e-0", "e-")
    return {
        "weights": f"float16, {size:.1f} MB",
        "data": f"{settings['scenes']:,} scenes (seed 1000) and {pairs:,} "
        "pattern pairs (seed 1001, steps 0 to 4) drawn by `eyechart generate` "
        "at 96 px; Apache 2.0. All seeds below 100 are held out",
        "trained by": f"`demo/train/train_{folder.name}.py`, seed "
        f"{settings['seed']}; all settings in [training.json](training.json)",
        "steps": f"{told['steps']:,} of {told['batch']} pictures "
        f"({seen:,} in all)",
        "optimiser": f"AdamW, learning rate {rate}, warm-up, flat, linear fall "
        "over the last quarter",
        "time": f"{told['seconds'] / 60:.1f} minutes by the clock on "
        f"{told['device']}; PyTorch {told['torch']}, transformers "
        f"{told['transformers']}",
    }


def shares(right: dict[str, np.ndarray]) -> dict[str, float]:
    """Answers right in per cent, pattern by pattern and on the whole."""
    result = {name: 100 * float(ok.mean()) for name, ok in right.items()}
    result["all"] = sum(result.values()) / len(result)
    return {name: round(value, 2) for name, value in result.items()}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    here = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument(
        "--eyechart", type=pathlib.Path, default=pictures.DEFAULT_PROGRAM
    )
    parser.add_argument(
        "--checkpoints", type=pathlib.Path, default=here / "checkpoints"
    )
    parser.add_argument(
        "--only", nargs="+", choices=features.CLASSES, default=None
    )
    parser.add_argument("--cards", action="store_true", help="fill in cards")
    parser.add_argument("--far-max", type=float, default=FAR_MAX)
    parser.add_argument("--near-min", type=float, default=NEAR_MIN)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument(
        "--validation",
        action="store_true",
        help="other seeds (100 more), to choose among models by",
    )
    parser.add_argument(
        "--share",
        type=float,
        default=1.0,
        help="of the pictures, for a quick look",
    )
    parser.add_argument(
        "--save",
        type=pathlib.Path,
        help="a file for all texts and shares, as JSON",
    )
    parser.add_argument(
        "--saved",
        type=pathlib.Path,
        nargs="+",
        help="files of --save to fill the cards in from; nothing is measured",
    )
    return parser.parse_args()


def main():
    options = parse_arguments()
    torch.set_num_threads(options.threads)
    texts, measured = {}, {}
    for path in options.saved or []:
        texts.update(json.loads(path.read_text(encoding="utf-8"))["texts"])
    if not options.saved:
        texts, measured = measure(options)
    for name, text in texts.items():
        print(f"## {name}\n\n{text}\n", flush=True)
        if options.cards:
            fill_card(options.checkpoints / name, text)
    if options.save:
        result = {"texts": texts, "shares": measured}
        options.save.write_text(json.dumps(result, indent=1), encoding="utf-8")


def measure(options):
    """Measures what is wanted.

    Returns:
      texts of the cards by family, and answers right of the read-outs.
    """
    wanted = options.only or list(features.CLASSES)
    root = options.checkpoints
    offset = VALIDATION if options.validation else 0
    texts = {name: [] for name in wanted}
    if set(wanted) != {"florence2"}:
        sets = Sets(options, offset)

    vectors, right = {}, {}
    for name in ("clip", "dinov2", "aimv2"):
        if name not in wanted:
            continue
        vectors[name] = {
            part: features.of_plan(
                root / name,
                plan,
                getattr(sets, part).pixels,
                options.device,
            )
            for part, plan in sets.plans.items()
        }
        right[name] = read_outs(
            sets, vectors[name]["train"], vectors[name]["test"]
        )
        columns = {"read-out": right[name]}
        if name == "clip":
            model = features.load(root / name, options.device)
            said = features.of_texts(
                model,
                root / name,
                [row["statement"] for row in sets.test.questions],
            )
            spoken = by_statements(sets, vectors[name]["test"], said)
            columns = {"text": spoken, **columns}
            texts[name].append(naming(sets, vectors[name], model, root / name))
        texts[name].append(score_table(columns))

    if "clip" in right and len(right) > 1:
        others = {f"{name} read-out": right[name] for name in right}
        text = "In points, read-out less CLIP asked by its text, same pairs:"
        text += "\n\n" + difference_table(spoken, others)
        for name in right:
            texts[name].append(text)
    if "clip" in right and "dinov2" in right:
        both = [
            torch.cat([vectors[name]["test"], vectors[name]["scenes"]])
            for name in ("clip", "dinov2")
        ]
        thresholds = (options.near_min, options.far_max)
        mined = [
            twins_table(
                sets, vectors["clip"]["test"], vectors["dinov2"]["test"]
            ),
            mining_table(sets, *both, thresholds),
        ]
        for name in ("clip", "dinov2"):
            texts[name] += mined
    measured = {name: shares(ok) for name, ok in right.items()}
    if "florence2" in wanted:
        text, measured["florence2"] = evaluate_florence2.report(
            root / "florence2", options, offset
        )
        texts["florence2"].append(text)
    if "clip" in right:
        measured["clip by text"] = shares(spoken)
    return {n: "\n\n".join(parts) for n, parts in texts.items()}, measured


if __name__ == "__main__":
    main()
