"""Decoding and resizing, to the bit, against Pillow."""

import io
import itertools
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile, ImageOps, PngImagePlugin
from transformers.image_transforms import convert_to_rgb

import data_probe

ImageFile.LOAD_TRUNCATED_IMAGES = False
SEED = 20261123
SIZES = [(1, 1), (2, 1), (1, 3), (3, 2000), (17, 13), (97, 89), (64, 48)]


def noise(rng, height, width, channels, smooth):
    """Random samples; `smooth` ones survive lossy coding with structure."""
    shape = (height, width, channels)
    if not smooth:
        return rng.integers(0, 256, shape, dtype=np.uint8)
    y, x = np.mgrid[0:height, 0:width]
    planes = [
        127
        + 120 * np.sin(x / rng.uniform(2, 30) + rng.uniform(0, 6))
        * np.cos(y / rng.uniform(2, 30) + rng.uniform(0, 6))
        for _ in range(channels)
    ]
    return np.stack(planes, -1).clip(0, 255).astype(np.uint8)


def picture(rng, mode, size, smooth=False):
    width, height = size
    if mode == "1":
        return Image.fromarray(noise(rng, height, width, 1, smooth)[..., 0]).convert("1")
    if mode == "L":
        return Image.fromarray(noise(rng, height, width, 1, smooth)[..., 0])
    if mode.startswith("I;16"):
        data = rng.integers(0, 65536, (height, width), dtype=np.uint16)
        data[rng.random(data.shape) < 0.5] >>= 8
        order = ">u2" if mode == "I;16B" else "<u2"
        return Image.frombytes(mode, size, data.astype(order).tobytes())
    if mode == "I":
        return Image.fromarray(rng.integers(-70, 400, (height, width), dtype=np.int32))
    if mode == "F":
        return Image.fromarray(
            rng.uniform(-20, 300, (height, width)).astype(np.float32)
        )
    if mode in ("P", "PA"):
        image = Image.fromarray(noise(rng, height, width, 1, smooth)[..., 0])
        image = Image.frombytes("P", size, image.tobytes())
        image.putpalette(rng.integers(0, 256, 768, dtype=np.uint8).tobytes())
        if mode == "PA":
            image = image.convert("PA")
        return image
    channels = {"LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4, "YCbCr": 3}[mode]
    data = noise(rng, height, width, channels, smooth)
    if mode == "RGBA":
        data[..., 3][rng.random((height, width)) < 0.2] = 0
    return Image.frombytes(mode, size, data.tobytes())


def cases():
    """(name, extension, bytes) of pictures in every mode and odd size."""
    rng = np.random.default_rng(SEED)
    made = []

    def save(name, extension, image, kind, **options):
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        made.append((name, extension, buffer.getvalue()))

    for size in SIZES:
        tag = f"{size[0]}x{size[1]}"
        for mode in ("L", "RGB", "CMYK"):
            image = picture(rng, mode, size, smooth=True)
            for progressive, quality in ((False, 90), (True, 60)):
                save(f"{mode}-{tag}-{quality}", "jpg", image, "JPEG",
                     progressive=progressive, quality=quality)
        image = picture(rng, "RGB", size, smooth=True)
        for subsampling in (0, 1, 2, "4:4:0", "4:1:1"):
            try:
                save(f"sub{subsampling}-{tag}".replace(":", ""), "jpg", image,
                     "JPEG", subsampling=subsampling)
            except (TypeError, ValueError):
                assert subsampling in ("4:4:0", "4:1:1")
        save(f"optimised-{tag}", "jpg", image, "JPEG", optimize=True,
             restart_marker_rows=1)
        for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
            save(f"{mode}-{tag}", "png", picture(rng, mode, size), "PNG")
        for bits in (1, 2, 4):
            image = picture(rng, "P", size)
            image = image.point(lambda v: v % (1 << bits))
            save(f"P{bits}-{tag}", "png", image, "PNG", bits=bits)
        for smooth in (False, True):
            for mode in ("L", "RGB", "RGBA"):
                image = picture(rng, mode, size, smooth)
                for options in ({"lossless": True}, {"quality": 75},
                                {"quality": 20, "method": 0},
                                {"lossless": True, "exact": True}):
                    save(f"{mode}-{tag}-{smooth}-{len(made)}", "webp", image,
                         "WEBP", **options)
        for mode in ("1", "L", "P", "RGB", "RGBA"):
            save(f"{mode}-{tag}", "bmp", picture(rng, mode, size), "BMP")
        for mode in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "I;16",
                     "I;16B", "I", "F"):
            for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate",
                                "packbits"):
                image = picture(rng, mode, size, smooth=compression != "raw")
                save(f"{mode}-{tag}-{compression}", "tif", image, "TIFF",
                     compression=None if compression == "raw" else compression)
        for mode in ("L", "RGB", "RGBA", "CMYK", "I;16"):
            save(f"predictor-{mode}-{tag}", "tif",
                 picture(rng, mode, size, smooth=True), "TIFF",
                 compression="tiff_lzw", tiffinfo={317: 2})
        save(f"jpeg-{tag}", "tif", picture(rng, "RGB", size, smooth=True),
             "TIFF", compression="jpeg")
        save(f"jpegL-{tag}", "tif", picture(rng, "L", size, smooth=True),
             "TIFF", compression="jpeg")
        save(f"jpegC-{tag}", "tif", picture(rng, "CMYK", size, smooth=True),
             "TIFF", compression="jpeg")
    frames = [picture(rng, "RGB", (31, 23), True) for _ in range(3)]
    save("frames", "webp", frames[0], "WEBP", save_all=True,
         append_images=frames[1:], lossless=True)
    frames = [picture(rng, "RGBA", (31, 23)) for _ in range(3)]
    save("framesA", "webp", frames[0], "WEBP", save_all=True,
         append_images=frames[1:], lossless=True)
    save("frames", "tif", frames[0], "TIFF", save_all=True,
         append_images=frames[1:])
    save("frames", "png", frames[0], "PNG", save_all=True,
         append_images=frames[1:])
    return made + made_by_hand(rng)


def png_chunk(kind, data):
    sum_ = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", sum_)


ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4),
         (1, 0, 2, 2), (0, 1, 1, 2))
WHOLE = ((0, 0, 1, 1),)


def filtered(rows, step, rng):
    """Rows of bytes with a random filter each; what they mean is the decoder's
    business, so the filtered bytes are simply random."""
    return b"".join(
        bytes([rng.integers(0, 5)]) + rng.integers(0, 256, n, np.uint8).tobytes()
        for n in rows
    )


def raw_png(rng, width, height, bits, color, interlaced, chunks=b"", pieces=1):
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    rows = []
    for x, y, dx, dy in ADAM7 if interlaced else WHOLE:
        count = (width - x + dx - 1) // dx if width > x else 0
        if count:
            rows += [(count * channels * bits + 7) // 8] * len(range(y, height, dy))
    data = zlib.compress(filtered(rows, 1, rng))
    cuts = sorted(rng.integers(0, len(data), pieces - 1).tolist())
    parts = [data[a:b] for a, b in zip([0] + cuts, cuts + [len(data)])]
    header = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + chunks
            + b"".join(png_chunk(b"IDAT", part) for part in parts)
            + png_chunk(b"IEND", b""))


def bmp(width, height, bits, body, palette=b"", compression=0, masks=b"",
        colors=0, header=40, top_down=False):
    offset = 14 + header + (len(masks) if header == 40 else 0) + len(palette)
    info = struct.pack("<IiiHHIIiiII", header, width,
                       -height if top_down else height, 1, bits, compression,
                       len(body), 0, 0, colors, 0)
    info += masks + bytes(max(0, header - 40 - len(masks)))
    return (b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset)
            + info + palette + body)


def made_by_hand(rng):
    made = []
    for width, height in ((1, 1), (5, 3), (33, 9)):
        for color, depths in ((0, (1, 2, 4, 8, 16)), (2, (8, 16)),
                              (3, (1, 2, 4, 8)), (4, (8, 16)), (6, (8, 16))):
            for bits, interlaced, keyed in itertools.product(
                    depths, (0, 1), (False, True)):
                chunks = b""
                if color == 3:
                    entries = int(rng.integers(1, (1 << bits) + 1))
                    colors = rng.integers(0, 256, 3 * entries, np.uint8)
                    chunks += png_chunk(b"PLTE", colors.tobytes())
                if keyed and color in (0, 2, 3):
                    size = {0: 2, 2: 6, 3: 1 << (bits - 1)}[color]
                    key = rng.integers(0, 256, size, np.uint8)
                    if color != 3:
                        key[::2] = 0
                        key[1::2] %= 1 << min(bits, 2)
                    chunks += png_chunk(b"tRNS", key.tobytes())
                name = f"raw-{width}x{height}-{color}-{bits}-{interlaced}-{keyed}"
                made.append((name, "png", raw_png(
                    rng, width, height, bits, color, interlaced, chunks,
                    pieces=int(rng.integers(1, 4)))))
    for width, height, top_down in itertools.product((1, 7, 32), (1, 5), (False, True)):
        def body(bits):
            stride = (width * bits + 31) // 32 * 4
            return rng.integers(0, 256, stride * height, np.uint8).tobytes()
        tag = f"{width}x{height}-{top_down}"
        for bits in (1, 4, 8):
            for colors in {0, 1 << bits, 3 if bits > 2 else 2}:
                entries = colors or 1 << bits
                palette = rng.integers(0, 256, 4 * entries, np.uint8).tobytes()
                made.append((f"pal-{bits}-{colors}-{tag}", "bmp", bmp(
                    width, height, bits, body(bits), palette, colors=colors,
                    top_down=top_down)))
        for bits in (16, 24, 32):
            made.append((f"raw-{bits}-{tag}", "bmp", bmp(
                width, height, bits, body(bits), top_down=top_down)))
        for bits, header, masks in (
                (16, 40, (0xF800, 0x7E0, 0x1F)), (16, 40, (0x7C00, 0x3E0, 0x1F)),
                (32, 40, (0xFF0000, 0xFF00, 0xFF)),
                (32, 124, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
                (32, 124, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
                (32, 108, (0xFF000000, 0xFF0000, 0xFF00, 0xFF)),
                (32, 56, (0xFF000000, 0xFF0000, 0xFF00, 0)),
                (24, 40, (0xFF0000, 0xFF00, 0xFF))):
            packed = struct.pack(f"<{len(masks)}I", *masks)
            made.append((f"mask-{bits}-{header}-{masks[0]:x}-{tag}", "bmp", bmp(
                width, height, bits, body(bits), masks=packed, compression=3,
                header=header, top_down=top_down)))
    for rle4 in (False, True):
        for _ in range(6):
            width, height = (int(v) for v in rng.integers(1, 40, 2))
            made.append((f"rle-{rle4}-{len(made)}", "bmp", bmp(
                width, height, 4 if rle4 else 8, runs(rng, width, height, rle4),
                rng.integers(0, 256, 64 if rle4 else 1024, np.uint8).tobytes(),
                compression=2 if rle4 else 1)))
    made += tiffs_by_hand(rng)
    return made


def runs(rng, width, height, rle4):
    out = b""
    for _ in range(height):
        x = 0
        while x < width:
            count = int(rng.integers(1, min(12, width - x) + 1))
            if count >= 3 and rng.random() < 0.5:
                stored = (count + 1) // 2 if rle4 else count
                data = rng.integers(0, 256, stored, np.uint8).tobytes()
                out += bytes([0, count]) + data + bytes(stored % 2)
            else:
                out += bytes([count, int(rng.integers(0, 256))])
            x += count
        out += b"\0\0"
    return out + b"\0\1"


def tiff(order, tags, blocks, tiled=False, big=False):
    """A TIFF of the tags (number -> (type, values)) and data blocks."""
    kinds = {1: "B", 3: "H", 4: "I", 16: "Q"}
    word = "Q" if big else "I"
    head = (order + struct.pack({"II": "<", "MM": ">"}[order.decode()]
            + ("HHHQ" if big else "HI"), *((43, 8, 0, 16) if big else (42, 8))))
    mark = "<" if order == b"II" else ">"
    tags = dict(tags)
    if blocks:
        tags[324 if tiled else 273] = (16 if big else 4, [0] * len(blocks))
        tags[325 if tiled else 279] = (4, [len(b) for b in blocks])
    entry = 20 if big else 12
    at = len(head) + (8 if big else 2) + entry * len(tags) + (8 if big else 4)
    offsets, place = [], at
    for block in blocks:
        offsets.append(place)
        place += len(block)
    if blocks:
        tags[324 if tiled else 273] = (16 if big else 4, offsets)
    extra, directory = b"", struct.pack(mark + ("Q" if big else "H"), len(tags))
    for number, (kind, values) in sorted(tags.items()):
        data = struct.pack(mark + str(len(values)) + kinds[kind], *values)
        directory += struct.pack(mark + "HH" + word, number, kind, len(values))
        if len(data) <= struct.calcsize(word):
            directory += data.ljust(struct.calcsize(word), b"\0")
        else:
            directory += struct.pack(mark + word, place + len(extra))
            extra += data
    directory += bytes(8 if big else 4)
    return head + directory + b"".join(blocks) + extra


def tiffs_by_hand(rng):
    made = []
    layouts = [  # name, photometric, bits, samples, extra, format
        ("white1", 0, 1, 1, [], 1), ("black1", 1, 1, 1, [], 1),
        ("white2", 0, 2, 1, [], 1), ("black2", 1, 2, 1, [], 1),
        ("white4", 0, 4, 1, [], 1), ("black4", 1, 4, 1, [], 1),
        ("white8", 0, 8, 1, [], 1), ("black8", 1, 8, 1, [], 1),
        ("black16", 1, 16, 1, [], 1), ("signed16", 1, 16, 1, [], 2),
        ("signed32", 1, 32, 1, [], 2), ("float32", 1, 32, 1, [], 3),
        ("rgb8", 2, 8, 3, [], 1), ("rgb16", 2, 16, 3, [], 1),
        ("rgbx8", 2, 8, 4, [0], 1), ("rgba8", 2, 8, 4, [2], 1),
        ("rgbpre8", 2, 8, 4, [1], 1), ("rgb4th", 2, 8, 4, None, 1),
        ("rgba16", 2, 16, 4, [2], 1), ("rgbpre16", 2, 16, 4, [1], 1),
        ("rgbaxx", 2, 8, 6, [2, 0, 0], 1), ("rgbxx", 2, 8, 5, [0, 0], 1),
        ("pal1", 3, 1, 1, [], 1), ("pal2", 3, 2, 1, [], 1),
        ("pal4", 3, 4, 1, [], 1), ("pal8", 3, 8, 1, [], 1),
        ("palx", 3, 8, 2, [0], 1), ("pala", 3, 8, 2, [2], 1),
        ("lx", 1, 8, 2, [0], 1), ("la", 1, 8, 2, [2], 1),
        ("cmyk8", 5, 8, 4, [], 1), ("cmykx", 5, 8, 5, [0], 1),
        ("cmyk16", 5, 16, 4, [], 1),
    ]
    for (name, photometric, bits, samples, extra, form), order, variant in \
            itertools.product(layouts, (b"II", b"MM"),
                              ("one", "strips", "tiles", "planar", "deflate",
                               "planar-deflate", "fill2", "big")):
        width, height = (37, 29) if variant != "one" else (5, 1)
        tags = {256: (3, [width]), 257: (3, [height]), 258: (3, [bits] * samples),
                259: (3, [8 if "deflate" in variant else 1]),
                262: (3, [photometric]), 277: (3, [samples]),
                339: (3, [form] * samples)}
        if extra:
            tags[338] = (3, extra)
        if photometric == 3:
            tags[320] = (3, rng.integers(0, 65536, 3 << bits).tolist())
        if variant == "fill2":
            tags[266] = (3, [2])
        tiled = variant == "tiles"
        block_width, rows = (16, 32) if tiled else (width, height)
        if variant in ("strips", "deflate", "planar-deflate"):
            rows = 7
        planes = samples if "planar" in variant in variant else 1
        if "planar" in variant:
            tags[284] = (3, [2])
        if tiled:
            tags[322], tags[323] = (3, [block_width]), (3, [rows])
        else:
            tags[278] = (3, [rows])
        blocks = []
        across = (width + block_width - 1) // block_width
        for _ in range(planes):
            for top in range(0, height, rows):
                count = rows if tiled else min(rows, height - top)
                line = (block_width * (samples // planes) * bits + 7) // 8
                for _ in range(across):
                    data = rng.integers(0, 256, line * count, np.uint8)
                    if form == 3:
                        mark = "<f4" if order == b"II" else ">f4"
                        data = rng.uniform(-50, 400, line * count // 4)
                        data = np.frombuffer(data.astype(mark).tobytes(), np.uint8)
                    if bits == 16 and photometric == 1:
                        data[(0 if order == b"MM" else 1) :: 4] = 0
                    block = data.tobytes()
                    blocks.append(zlib.compress(block) if "deflate" in variant
                                  else block)
        made.append((f"{name}-{order.decode()}-{variant}", "tif",
                     tiff(order, tags, blocks, tiled, variant == "big")))
    return made


def by_pillow(data, alpha="drop", orient="none"):
    """Pillow's RGB of a file, or None where it cannot be read."""
    try:
        image = Image.open(io.BytesIO(data))
        if orient == "exif":
            image = ImageOps.exif_transpose(image)
        if alpha == "white":
            return convert_to_rgb(image, return_numpy=True)
        return np.array(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, EOFError,
            struct.error, Image.DecompressionBombError):
        return None


def check(tmp_path, made, alpha="drop", orient="none"):
    """Decodes all, compares all; returns how many Pillow could read."""
    jobs = []
    for i, (_, extension, data) in enumerate(made):
        path = tmp_path / f"{i}.{extension}"
        path.write_bytes(data)
        jobs.append(["decode", alpha, orient, path])
    wrong, read, misread = [], 0, 0
    for (name, extension, data), ours in zip(made, data_probe.run(jobs, tmp_path)):
        theirs = by_pillow(data, alpha, orient)
        what = f"{name}.{extension}"
        if theirs is None:
            continue  # we may read more than Pillow does
        if ours.values is None and "Pillow misreads" in ours.text:
            misread += 1
            continue
        read += 1
        if ours.values is None:
            wrong.append(f"{what}: {ours.text}")
        elif ours.values.shape != theirs.shape:
            wrong.append(f"{what}: {ours.values.shape} for {theirs.shape}")
        elif not np.array_equal(ours.values, theirs):
            off = ours.values.astype(int) - theirs
            wrong.append(f"{what}: {np.count_nonzero(off)} differ, "
                         f"at most {np.abs(off).max()}")
    print(f"{read} of {len(made)} pictures compared, {misread} refused, "
          f"alpha {alpha}, orient {orient}")
    assert misread <= len(made) // 50
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong)
    return read


@pytest.fixture(scope="module")
def made():
    return cases()


@pytest.mark.parametrize("alpha", ["drop", "white"])
def test_every_mode_and_size(tmp_path, made, alpha):
    assert check(tmp_path, made, alpha) > 1500


def oriented():
    """Each orientation in each place that can hold one."""
    rng = np.random.default_rng(SEED)
    made = []
    for orientation, kind in itertools.product(
            range(0, 10), ("JPEG", "PNG", "WEBP", "TIFF")):
        for size in ((19, 7), (1, 4)):
            image = picture(rng, "RGB" if kind == "JPEG" else "RGBA", size)
            buffer = io.BytesIO()
            if kind == "TIFF":
                image.save(buffer, kind, tiffinfo={274: orientation})
            else:
                exif = Image.Exif()
                exif[270] = "a description longer than four bytes"
                exif[274] = orientation
                options = {"lossless": True} if kind == "WEBP" else {}
                image.save(buffer, kind, exif=exif, **options)
            made.append((f"exif{orientation}-{kind}-{size}", kind.lower(),
                         buffer.getvalue()))
    for orientation, quoted in itertools.product((1, 3, 6, 9), (False, True)):
        xmp = (f'<x tiff:Orientation="{orientation}"/>' if quoted else
               f"<tiff:Orientation>{orientation}</tiff:Orientation>").encode()
        image = picture(rng, "RGB", (19, 7))
        for kind in ("JPEG", "WEBP"):
            buffer = io.BytesIO()
            image.save(buffer, kind, xmp=xmp)
            made.append((f"xmp{orientation}-{kind}", kind.lower(), buffer.getvalue()))
        for packed in (False, True):
            text = PngImagePlugin.PngInfo()
            text.add_itxt("XML:com.adobe.xmp", xmp.decode(), zip=packed)
            buffer = io.BytesIO()
            image.save(buffer, "PNG", pnginfo=text)
            made.append((f"xmp{orientation}-{packed}", "png", buffer.getvalue()))
        exif = Image.Exif()
        exif[274] = orientation
        data = exif.tobytes()
        for packed in (False, True):
            text = PngImagePlugin.PngInfo()
            text.add_text("Raw profile type exif",
                          f"\nexif\n{len(data):8}\n{data.hex()}\n", zip=packed)
            buffer = io.BytesIO()
            image.save(buffer, "PNG", pnginfo=text)
            made.append((f"hex{orientation}-{packed}", "png", buffer.getvalue()))
    for order, kind, value in itertools.product(
            (b"II", b"MM"), (1, 3, 4), (1, 2, 6, 8)):
        block = b"Exif\0\0" + tiff(order, {274: (kind, [value])}, [])
        image = picture(rng, "RGB", (19, 7))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", exif=block)
        made.append((f"{order}{kind}-{value}", "jpg", buffer.getvalue()))
    return made


@pytest.mark.parametrize("alpha", ["drop", "white"])
@pytest.mark.parametrize("orient", ["none", "exif"])
def test_orientation(tmp_path, alpha, orient):
    assert check(tmp_path, oriented(), alpha, orient) > 100


def small_corpus():
    rng = np.random.default_rng(SEED)
    for kind, mode, options in (
            ("JPEG", "RGB", {}), ("JPEG", "L", {}), ("JPEG", "CMYK", {}),
            ("JPEG", "RGB", {"progressive": True}),
            ("PNG", "RGB", {}), ("PNG", "P", {}), ("PNG", "I;16", {}),
            ("WEBP", "RGB", {}), ("WEBP", "RGBA", {"lossless": True}),
            ("WEBP", "RGBA", {}),
            ("BMP", "RGB", {}), ("BMP", "P", {}), ("BMP", "RGBA", {}),
            ("TIFF", "RGB", {}), ("TIFF", "L", {"compression": "tiff_lzw"}),
            ("TIFF", "RGB", {"compression": "tiff_adobe_deflate"}),
            ("TIFF", "RGB", {"compression": "packbits"}),
            ("TIFF", "RGB", {"compression": "jpeg"})):
        buffer = io.BytesIO()
        smooth = kind in ("JPEG", "WEBP")
        picture(rng, mode, (67, 41), smooth).save(buffer, kind, **options)
        yield f"{kind}-{mode}-{options}", kind.lower(), buffer.getvalue()


def test_truncated(tmp_path):
    """Cut files fail exactly where Pillow fails, but for the last bytes."""
    made = []
    for name, extension, data in small_corpus():
        for part in range(16):
            made.append((f"{name}-{part}/16", extension,
                         data[: len(data) * part // 16]))
    jobs = []
    for i, (_, extension, data) in enumerate(made):
        path = tmp_path / f"{i}.{extension}"
        path.write_bytes(data)
        jobs.append(["decode", "drop", "none", path])
    wrong = []
    for (name, _, data), ours in zip(made, data_probe.run(jobs, tmp_path)):
        if (by_pillow(data) is None) != (ours.values is None):
            wrong.append(f"{name}: we say {ours.text!r}")
    assert not wrong, "\n".join(wrong)


def test_random_damage(tmp_path):
    """Flipped bytes never crash, print or hang; what both read is equal but
    for lossy formats, whose decoders differ in how they conceal damage."""
    rng = np.random.default_rng(SEED)
    jobs, made = [], []
    for name, extension, data in small_corpus():
        for _ in range(40):
            damaged = bytearray(data)
            for at in rng.integers(0, len(data), int(rng.integers(1, 6))):
                damaged[at] = rng.integers(0, 256)
            path = tmp_path / f"{len(jobs)}.{extension}"
            path.write_bytes(damaged)
            jobs.append(["decode", "drop", "none", path])
            made.append((name, bytes(damaged)))
    read = sum(r.values is not None for r in data_probe.run(jobs, tmp_path))
    print(f"{read} of {len(jobs)} damaged files gave a picture")
    assert 0 < read < len(jobs)


def test_other_files_are_refused(tmp_path):
    texts = {"text.jpg": b"hello, this is no picture\n", "empty.png": b"",
             "one.webp": b"R", "word.bmp": b"BMW drives",
             "picture.gif": b"GIF89a\1\0\1\0", "short.tif": b"II*\0"}
    jobs = []
    for name, data in texts.items():
        (tmp_path / name).write_bytes(data)
        jobs.append(["decode", "drop", "none", tmp_path / name])
    for result in data_probe.run(jobs, tmp_path):
        assert result.values is None and result.text


FILTERS = (Image.Resampling.NEAREST, Image.Resampling.LANCZOS,
           Image.Resampling.BILINEAR, Image.Resampling.BICUBIC,
           Image.Resampling.BOX, Image.Resampling.HAMMING)


def test_resize(tmp_path):
    """All filters, up and down, random sizes and the awkward ones."""
    rng = np.random.default_rng(SEED)
    jobs, expected = [], []
    sizes = SIZES + [(640, 480), (211, 307), (500, 3), (1, 257), (256, 256)]
    for i, size in enumerate(sizes):
        image = picture(rng, "RGB", size, smooth=i % 3 == 2)
        if i % 3 == 1:  # extremes make the filters overshoot
            image = image.point(lambda v: 255 if v > 127 else 0)
        path = tmp_path / f"{i}.png"
        image.save(path)
        targets = [tuple(int(v) for v in rng.integers(1, 400, 2)) for _ in range(8)]
        targets += [(1, 1), (224, 224), size, (size[0], 50), (50, size[1]),
                    (2 * size[0], 2 * size[1]), ((size[0] + 1) // 2, size[1]),
                    (1, size[1]), (size[0], 1)]
        for (width, height), which in itertools.product(targets, FILTERS):
            jobs.append(["resize", width, height, int(which), path])
            expected.append(np.array(image.resize((width, height), which)))
    wrong = []
    for job, ours, theirs in zip(jobs, data_probe.run(jobs, tmp_path), expected):
        if not np.array_equal(ours.values, theirs):
            wrong.append(f"{job}")
    print(f"{len(jobs)} resizes compared")
    assert not wrong, f"{len(wrong)} of {len(jobs)} differ:\n" + "\n".join(wrong)


def test_photographs(tmp_path):
    """Decoded, and resized to 224 on the shorter side: equal to the bit."""
    paths = data_probe.photographs()
    if not paths:
        pytest.skip("no photographs: set EYECHART_DATA to a folder of them")
    jobs, expected = [], []
    for path in paths:
        image = Image.open(path).convert("RGB")
        short = min(image.size)
        width, height = (int(224 * side / short) for side in image.size)
        jobs.append(["decode", "drop", "none", path])
        expected.append(np.array(image))
        jobs.append(["resize", width, height, 3, path])
        expected.append(np.array(image.resize((width, height),
                                              Image.Resampling.BICUBIC)))
    wrong = [
        str(job)
        for job, ours, theirs in zip(jobs, data_probe.run(jobs, tmp_path), expected)
        if not np.array_equal(ours.values, theirs)
    ]
    print(f"{len(paths)} photographs compared")
    assert not wrong, "\n".join(wrong)
