"""Detection sets against readings of our own making in plain Python: json,
xml.etree and PyYAML, on sets made from seeds and on the real ones that are
here."""

import collections
import json
import os
import pathlib
import random
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
import yaml
from PIL import Image

PROBE = pathlib.Path(os.environ["EYECHART_PROBES"]) / "boxes_probe"
ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("EYECHART_DATA", ROOT / "../shared/data"))

def run(*arguments):
    return subprocess.run([PROBE, *map(str, arguments)], capture_output=True,
                          text=True, check=False)


def read(root, split, *options):
    done = run(root, split, *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def by_name(found):
    """Boxes as (path, category name, x, y, w, h, area, crowd), sorted."""
    return sorted(
        (found["images"][b[0]][2], found["categories"][b[1]][1], *b[2:8])
        for b in found["boxes"])


def counts_of_places(boxes, sizes):
    """How many are degenerate, outside and beyond an edge; by definition."""
    counts = collections.Counter()
    for path, _, x, y, w, h, *_ in boxes:
        width, height = sizes[path]
        if w <= 0 or h <= 0:
            counts["box_degenerate"] += 1
        elif x + w <= 0 or y + h <= 0 or x >= width or y >= height:
            counts["box_outside"] += 1
        elif max(-x, -y, x + w - width, y + h - height) > 0.02:
            counts["box_beyond_edge"] += 1
    return counts


def check_training_boxes(found):
    for index, _, x, y, w, h, _, _, _, part in found["boxes"]:
        _, _, _, width, height, _ = found["images"][index]
        left, right = max(x, 0), min(x + w, width)
        top, bottom = max(y, 0), min(y + h, height)
        if w <= 0 or h <= 0 or right <= left or bottom <= top:
            assert part is None
        else:
            assert part == pytest.approx(
                [left, top, right - left, bottom - top], abs=1e-9)


def read_coco(path):
    """As pycocotools would see it, category 0 of Roboflow left out."""
    coco = json.loads(path.read_text())
    images = {str(i["id"]): i for i in coco["images"]}
    names = {str(c["id"]): c["name"] for c in coco["categories"]}
    boxes = []
    for a in coco["annotations"]:
        box = a["bbox"]
        boxes.append((images[str(a["image_id"])]["file_name"],
                      names[str(a["category_id"])], *map(float, box),
                      float(a.get("area", box[2] * box[3])),
                      bool(a.get("iscrowd", 0))))
    return coco, sorted(boxes)


def check_coco(found, path):
    coco, boxes = read_coco(path)
    assert by_name(found) == boxes
    assert [i[2:5] for i in found["images"]] == [
        [i["file_name"], i["width"], i["height"]] for i in coco["images"]]
    ids = [a["id"] for a in coco["annotations"]]
    ours = [b[8] for b in found["boxes"]]
    usable = len(set(ids)) == len(ids) and min(ids, default=1) > 0
    assert ours == (ids if usable else list(range(1, len(ids) + 1)))
    sizes = {i["file_name"]: (i["width"], i["height"]) for i in coco["images"]}
    places = counts_of_places(boxes, sizes)
    for kind in ("box_degenerate", "box_outside", "box_beyond_edge"):
        assert found["warnings"].get(kind, 0) == places[kind], kind
    repeats = len(boxes) - len({b[:6] for b in boxes})
    assert found["warnings"].get("box_twice", 0) == repeats
    assert found["warnings"].get("annotation_id_below_one", 0) == sum(
        i < 1 for i in ids)
    check_training_boxes(found)


@pytest.mark.parametrize("name", ["bloodcells", "chess"])
@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_real_roboflow(name, split):
    folder = DATA / "rf100" / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there (EYECHART_DATA names another)")
    found = read(folder, split)
    assert found["kind"] == "roboflow"
    check_coco(found, folder / split / "_annotations.coco.json")
    coco = json.loads((folder / split / "_annotations.coco.json").read_text())
    assert [c[:2] for c in found["categories"]] == [
        [c["id"], c["name"]] for c in coco["categories"] if c["id"] != 0]
    assert found["warnings"]["dummy_category"] == 1
    assert not any(i[5] for i in found["images"])
    # The split by itself is the same.
    assert read(folder / split, "")["boxes"] == found["boxes"]
    # Headers, against Pillow.
    files = [folder / split / i[2] for i in found["images"]]
    sizes = json.loads(run("--size", *files).stdout)
    for file, size in zip(files, sizes):
        with Image.open(file) as picture:
            assert [picture.height, picture.width] == size


@pytest.mark.parametrize("split", ["train", "val"])
def test_real_coco(split):
    folder = DATA / "coco256"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there (EYECHART_DATA names another)")
    path = folder / "annotations" / f"instances_{split}2017.json"
    found = read(folder, split)
    assert (found["kind"], found["split"]) == ("coco-folder", split + "2017")
    check_coco(found, path)
    assert not any(i[5] for i in found["images"])
    alone = read(path, "", "--pictures", folder / f"{split}2017")
    assert alone["kind"] == "coco"
    assert alone["boxes"] == found["boxes"]


def test_official_example():
    path = DATA / "cocoeval" / "instances_val2014_100.json"
    if not path.is_file():
        pytest.skip(f"{path} is not there (EYECHART_DATA names another)")
    found = read(path, "")
    check_coco(found, path)
    assert sum(b[7] for b in found["boxes"]) == 9
    assert found["warnings"]["missing_picture"] == 100


def odd_box(rng, width, height):
    """Mostly inside, with every kind of oddity among them."""
    kind = rng.randrange(8)
    w, h = rng.uniform(1, width), rng.uniform(1, height)
    x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
    if kind == 0:
        x -= rng.uniform(0, 2 * width)
    elif kind == 1:
        y += rng.uniform(0, 2 * height)
    elif kind == 2:
        w = rng.choice([0, -w])
    elif kind == 3:
        x, y, w, h = map(round, (x, y, w, h))
    return [round(v, 2) for v in (x, y, w, h)]


def make_coco(rng, first_id):
    images = [{"id": i, "file_name": f"{i:05}.jpg",
               "width": rng.randint(8, 900), "height": rng.randint(8, 900)}
              for i in rng.sample(range(10_000), rng.randint(1, 20))]
    categories = [{"id": c, "name": f"class {c}"}
                  for c in rng.sample(range(1, 100), rng.randint(1, 6))]
    annotations = []
    for k in range(rng.randint(0, 60)):
        image = rng.choice(images)
        annotation = {"id": first_id + k, "image_id": image["id"],
                      "category_id": rng.choice(categories)["id"],
                      "bbox": odd_box(rng, image["width"], image["height"])}
        if rng.random() < 0.7:
            annotation["area"] = round(rng.uniform(0, 1e4), 3)
        if rng.random() < 0.7:
            annotation["iscrowd"] = int(rng.random() < 0.1)
        annotations.append(annotation)
        if rng.random() < 0.1:
            annotations.append(annotation | {"id": first_id + k + 1000})
    return {"images": images, "categories": categories,
            "annotations": annotations}


def test_made_coco(tmp_path):
    rng = random.Random(11)
    for n in range(40):
        path = tmp_path / f"{n}.json"
        path.write_text(json.dumps(make_coco(rng, rng.choice([0, 1, 7]))))
        check_coco(read(path, ""), path)


def test_made_coco_with_rows_that_cannot_be_used(tmp_path):
    """The same set as without them, and each counted under its kind."""
    rng = random.Random(16)
    spoilt = {"annotation_image_unknown": {"image_id": 10_000},
              "annotation_category_unknown": {"category_id": 100},
              "box_not_four_numbers": {"bbox": [1, 2, 3]},
              "annotation_unusable": {"iscrowd": 2}}
    seen = 0
    for n in range(20):
        coco = make_coco(rng, 1)
        if not coco["annotations"]:
            continue
        counts = collections.Counter()
        rows = []
        for annotation in coco["annotations"]:
            rows.append(annotation)
            if rng.random() < 0.3:
                kind = rng.choice(sorted(spoilt))
                counts[kind] += 1
                rows.append(annotation | {"id": annotation["id"] + 5000}
                            | spoilt[kind])
        plain, odd = tmp_path / f"{n}.json", tmp_path / f"{n}-odd.json"
        plain.write_text(json.dumps(coco))
        odd.write_text(json.dumps(coco | {"annotations": rows}))
        expected, found = read(plain, ""), read(odd, "")
        for key in "images", "categories", "boxes":
            assert found[key] == expected[key]
        assert {k: v for k, v in found["warnings"].items()
                if k in spoilt} == counts
        seen += sum(counts.values())
    assert seen > 50


def element(parent, name, text=None):
    child = ElementTree.SubElement(parent, name)
    if text is not None:
        child.text = str(text)
    return child


def make_voc(rng, folder):
    (folder / "JPEGImages").mkdir(parents=True)
    (folder / "Annotations").mkdir()
    (folder / "ImageSets" / "Main").mkdir(parents=True)
    stems = [f"p{k}" for k in range(rng.randint(2, 9))]
    for stem in stems:
        width, height = rng.randint(4, 60), rng.randint(4, 60)
        Image.new("RGB", (width, height)).save(
            folder / "JPEGImages" / f"{stem}.jpg")
        root = ElementTree.Element("annotation")
        element(root, "filename", rng.choice([f"{stem}.jpg", "stale.png"]))
        if rng.random() < 0.8:
            size = element(root, "size")
            element(size, "width", width)
            element(size, "height", f" {height}\n")
        for _ in range(rng.randint(0, 6)):
            item = element(root, "object")
            element(item, "name", rng.choice(["cat", "dog", "a & b"]))
            if rng.random() < 0.5:
                element(item, "difficult", int(rng.random() < 0.3))
            part = element(item, "part")
            element(element(part, "bndbox"), "xmin", "none")
            box = element(item, "bndbox")
            xs = sorted(rng.randint(1, width) for _ in range(2))
            ys = sorted(rng.uniform(1, height) for _ in range(2))
            for key, value in zip(("xmin", "xmax", "ymin", "ymax"), xs + ys):
                element(box, key, value)
        ElementTree.ElementTree(root).write(
            folder / "Annotations" / f"{stem}.xml")
    cut = rng.randint(1, len(stems) - 1)
    parts = {"train": stems[:cut], "val": stems[cut:]}
    for split, names in parts.items():
        (folder / "ImageSets" / "Main" / f"{split}.txt").write_text(
            "\n".join(names) + "\n")
    (folder / "ImageSets" / "Main" / "cat_train.txt").write_text("p0 -1\n")
    return parts


def read_voc(folder, stems, first):
    boxes = []
    for stem in stems:
        root = ElementTree.parse(folder / "Annotations" / f"{stem}.xml")
        for item in root.findall("object"):
            v = {k: float(item.find("bndbox").find(k).text)
                 for k in ("xmin", "ymin", "xmax", "ymax")}
            w, h = v["xmax"] - v["xmin"] + first, v["ymax"] - v["ymin"] + first
            hard = item.find("difficult")
            boxes.append((f"{stem}.jpg", item.find("name").text,
                          v["xmin"] - first, v["ymin"] - first, w, h, w * h,
                          hard is not None and hard.text == "1"))
    return sorted(boxes)


def test_made_voc(tmp_path):
    rng = random.Random(12)
    for n in range(15):
        folder = tmp_path / str(n)
        parts = make_voc(rng, folder)
        names = sorted({i.text for f in (folder / "Annotations").glob("*.xml")
                        for i in ElementTree.parse(f).findall("object/name")})
        for split, stems in parts.items():
            for options, first in ((), 1), (("--edges",), 0):
                found = read(folder, split, *options)
                assert found["kind"] == "voc"
                ours, theirs = by_name(found), read_voc(folder, stems, first)
                assert len(ours) == len(theirs)
                for a, b in zip(ours, theirs):
                    assert a[:2] == b[:2] and a[7] == b[7]
                    assert a[2:7] == pytest.approx(b[2:7], abs=1e-9)
                assert [c[:2] for c in found["categories"]] == [
                    [i + 1, name] for i, name in enumerate(names)]
                assert [i[0] for i in found["images"]] == stems
                for image in found["images"]:
                    with Image.open(folder / "JPEGImages" / image[2]) as p:
                        assert [p.width, p.height] == image[3:5]
                check_training_boxes(found)


def make_yolo(rng, folder, inside):
    """`inside`: <split>/images rather than images/<split>."""
    names = ["cat", "1", "it's: odd", "yes", "naïve", "~"][:rng.randint(2, 6)]
    form = rng.randrange(3)
    data = {"nc": len(names), "train": "../train/images",
            "names": dict(enumerate(names)) if form == 0 else names}
    folder.mkdir(parents=True)
    (folder / "data.yaml").write_text(yaml.safe_dump(
        data, default_flow_style=form == 1 or None, allow_unicode=True),
        encoding="utf-8")
    expected = {}
    for split in "train", "val":
        part = folder / split if inside else folder
        pictures = part / "images" / ("" if inside else split)
        labels = part / "labels" / ("" if inside else split)
        pictures.mkdir(parents=True)
        labels.mkdir(parents=True)
        boxes = []
        for k in range(rng.randint(1, 6)):
            width, height = rng.randint(4, 80), rng.randint(4, 80)
            name = f"{k}.{rng.choice(['png', 'jpg', 'bmp', 'webp'])}"
            Image.new("RGB", (width, height)).save(pictures / name)
            lines = []
            for _ in range(rng.randint(0, 5)):
                c = rng.randrange(len(names))
                if rng.random() < 0.3:
                    points = [(rng.random(), rng.random())
                              for _ in range(rng.randint(3, 9))]
                    xs, ys = zip(*points)
                    lines.append(" ".join(map(str, [c, *sum(points, ())])))
                    x, y = min(xs), min(ys)
                    w, h = max(xs) - x, max(ys) - y
                else:
                    cx, cy, w, h = (round(rng.random(), 6) for _ in range(4))
                    lines.append(f" {c} {cx}\t{cy} {w} {h} ")
                    x, y = cx - w / 2, cy - h / 2
                boxes.append((name, names[c], x * width, y * height, w * width,
                              h * height, w * width * h * height, False))
            if lines or rng.random() < 0.5:
                text = "\n".join(lines) + rng.choice(["", "\n", "\r\n\n"])
                (labels / f"{k}.txt").write_text(text)
        expected[split] = sorted(boxes)
    return names, expected


def test_made_yolo(tmp_path):
    rng = random.Random(13)
    for n in range(30):
        folder = tmp_path / str(n)
        names, expected = make_yolo(rng, folder, n % 2 == 0)
        for split, boxes in expected.items():
            found = read(folder, split)
            assert found["kind"] == "yolo"
            assert [c[1] for c in found["categories"]] == names
            ours = by_name(found)
            assert len(ours) == len(boxes)
            for a, b in zip(ours, boxes):
                assert a[:2] == b[:2]
                assert a[2:7] == pytest.approx(b[2:7], rel=1e-9, abs=1e-9)
            check_training_boxes(found)


def test_sizes(tmp_path):
    """Headers of every format that Pillow writes, against Pillow."""
    rng = random.Random(14)
    files = []
    for mode in "RGB", "L", "RGBA", "P", "CMYK", "1":
        for extension, options in [
                ("jpg", {}), ("jpg", {"progressive": True}), ("png", {}),
                ("webp", {}), ("webp", {"lossless": True}), ("bmp", {}),
                ("tiff", {}), ("tiff", {"big_tiff": True}),
                ("jpg", {"exif": b"Exif\0\0" + bytes(9000)})]:
            size = rng.randint(1, 5000), rng.randint(1, 300)
            path = tmp_path / f"{len(files)}.{extension}"
            try:
                Image.new(mode, size).save(path, **options)
            except (OSError, ValueError):
                continue
            files.append((path, size))
    assert len(files) > 30
    sizes = json.loads(run("--size", *[f for f, _ in files]).stdout)
    for (path, (width, height)), found in zip(files, sizes):
        assert found == [height, width], path
    (tmp_path / "no.jpg").write_bytes(files[0][0].read_bytes()[:20])
    assert json.loads(run("--size", tmp_path / "no.jpg").stdout) == [None]


@pytest.mark.parametrize("rule", ["boxes", "pictures"])
def test_shots(tmp_path, rule):
    """The rules by their definition, and that larger parts hold smaller."""
    rng = random.Random(15)
    for seed in range(6):
        folder = tmp_path / str(seed)
        folder.mkdir()
        coco = make_coco(rng, 1)
        for image in coco["images"]:
            Image.new("L", (1, 1)).save(folder / image["file_name"])
        (folder / "a.json").write_text(json.dumps(coco))
        whole = read(folder / "a.json", "")
        usable = collections.Counter(
            b[1] for b in whole["boxes"] if b[9] is not None and not b[7])
        if not usable:
            continue
        smaller = set()
        for k in 1, 2, 3, 100:
            done = run("--shots", k, rule, seed, folder / "a.json", "")
            assert done.returncode == 0, done.stderr
            part = json.loads(done.stdout)
            chosen = {b[8] for b in part["boxes"]}
            assert smaller <= chosen
            smaller = chosen
            have = collections.Counter(
                b[1] for b in part["boxes"] if b[9] is not None and not b[7])
            for c, n in usable.items():
                if rule == "boxes":
                    assert have[c] == min(k, n)
                else:
                    assert have[c] >= min(k, n)
            if rule == "boxes":
                assert len(part["boxes"]) == sum(have.values())
            else:
                paths = {i[2] for i in part["images"]}
                assert len(part["boxes"]) == sum(
                    whole["images"][b[0]][2] in paths for b in whole["boxes"])
