"""The set head as a PyTorch module: transformers' RT-DETR decoder, matcher,
denoising queries and loss, behind a simple feature pyramid and query selection
written after the papers. Parameters go by our names."""

from unittest import mock

import torch
from torch import nn
from torch.nn import functional
from transformers import RTDetrConfig
from transformers.loss.loss_rt_detr import RTDetrHungarianMatcher, RTDetrLoss
from transformers.loss.loss_for_object_detection import sigmoid_focal_loss
from transformers.models.rt_detr import modeling_rt_detr

TARGETS = [8, 16, 32]


def config_of(options):
    config = RTDetrConfig(
        d_model=options["width"], decoder_ffn_dim=options["hidden"],
        decoder_attention_heads=options["heads"],
        decoder_n_points=options["points"], decoder_layers=options["layers"],
        num_feature_levels=3, num_queries=options["queries"],
        num_labels=options["classes"], num_denoising=0)
    config._attn_implementation = "sdpa"
    return config


class RowNorm(nn.LayerNorm):
    """Layer norm over the channels of a map."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Level(nn.Module):
    """ViTDet's way from the last map to a level."""

    def __init__(self, width, stride, target, out):
        super().__init__()
        self.doublings = round(torch.tensor(stride / target).log2().item())
        parts = []
        for i in range(max(self.doublings, 0)):
            if i > 0:
                parts += [(f"norm{i}", RowNorm(width, eps=1e-6)),
                          (f"gelu{i}", nn.GELU())]
            parts.append((f"stretch{i}",
                          nn.ConvTranspose2d(width, width // 2, 2, 2)))
            width //= 2
        parts += [
            ("lateral", nn.Conv2d(width, out, 1, bias=False)),
            ("lateral_norm", RowNorm(out, eps=1e-6)),
            ("output", nn.Conv2d(out, out, 3, padding=1, bias=False)),
            ("output_norm", RowNorm(out, eps=1e-6))]
        for name, part in parts:
            self.add_module(name, part)

    def forward(self, x):
        for _ in range(max(-self.doublings, 0)):
            x = functional.max_pool2d(x, 2, 2, ceil_mode=True)
        for part in self.children():
            x = part(x)
        return x


class SetHead(nn.Module):
    def __init__(self, options):
        super().__init__()
        self.options = options
        config = config_of(options)
        width, classes = options["width"], options["classes"]
        mlp = modeling_rt_detr.RTDetrMLPPredictionHead
        maps = options["maps"]
        self.maps = [min(range(len(maps)),
                         key=lambda i: abs(torch.tensor(maps[i][1] / t)
                                           .log2().item()))
                     for t in TARGETS]
        self.pyramid = nn.ModuleList(
            Level(*maps[i], t, width) for i, t in zip(self.maps, TARGETS))
        self.input = nn.ModuleList(
            nn.Sequential(nn.Linear(width, width, bias=False),
                          nn.LayerNorm(width)) for _ in TARGETS)
        self.enc_output = nn.Sequential(nn.Linear(width, width),
                                        nn.LayerNorm(width))
        self.enc_score_head = nn.Linear(width, classes)
        self.enc_bbox_head = mlp(width, width, 4, 3)
        self.decoder = modeling_rt_detr.RTDetrDecoder(config)
        self.decoder.class_embed = nn.ModuleList(
            nn.Linear(width, classes) for _ in range(options["layers"]))
        self.decoder.bbox_embed = nn.ModuleList(
            mlp(width, width, 4, 3) for _ in range(options["layers"]))
        # The last row stands for no class and is not learned.
        self.denoise = nn.Parameter(torch.zeros(classes, width))
        self.loss = RTDetrLoss(config)
        self.matcher = RTDetrHungarianMatcher(config)

    def by_our_names(self):
        """{our name: parameter}."""
        renamed = {}
        for name, parameter in self.named_parameters():
            for a, b in [
                    ("enc_output.0", "select.linear"),
                    ("enc_output.1", "select.norm"),
                    ("enc_score_head", "select.class"),
                    ("enc_bbox_head.layers", "select.box"),
                    ("decoder.query_pos_head.layers", "places"),
                    ("decoder.layers", "layer"),
                    ("self_attn.q_proj", "self.query"),
                    ("self_attn.k_proj", "self.key"),
                    ("self_attn.v_proj", "self.value"),
                    ("self_attn.o_proj", "self.output"),
                    ("encoder_attn_layer_norm", "cross.norm"),
                    ("self_attn_layer_norm", "self.norm"),
                    ("encoder_attn.sampling_offsets", "cross.offsets"),
                    ("encoder_attn.attention_weights", "cross.weights"),
                    ("encoder_attn.value_proj", "cross.value"),
                    ("encoder_attn.output_proj", "cross.output"),
                    ("mlp.fc1", "feed.0"), ("mlp.fc2", "feed.1"),
                    ("final_layer_norm", "feed.norm")]:
                name = name.replace(a, b)
            if name == "denoise":
                if not self.options.get("denoising", 0):
                    continue
                name = "denoise.class"
            parts = name.split(".")
            if parts[0] == "decoder":  # decoder.class_embed.I, bbox_embed.I
                kind = {"class_embed": "class", "bbox_embed": "box"}[parts[1]]
                rest = [p for p in parts[3:] if p != "layers"]
                name = ".".join(["layer", parts[2], kind] + rest)
            if parts[0] == "input":
                parts[2] = ["linear", "norm"][int(parts[2])]
                name = ".".join(parts)
            renamed[name] = parameter
        return renamed

    def load(self, parameters):
        with torch.no_grad():
            own = self.by_our_names()
            assert own.keys() == parameters.keys(), (
                own.keys() ^ parameters.keys())
            for name, parameter in own.items():
                parameter.copy_(parameters[name])
        return self

    def anchors(self, shapes):
        made = []
        for level, (h, w) in enumerate(shapes):
            y, x = torch.meshgrid(torch.arange(h), torch.arange(w),
                                  indexing="ij")
            size = torch.full((h, w), 0.05 * 2 ** level)
            made.append(torch.stack([(x + 0.5) / w, (y + 0.5) / h, size, size],
                                    -1).reshape(-1, 4))
        made = torch.cat(made)
        usable = ((made > 0.01) & (made < 0.99)).all(-1)
        return torch.log(made / (1 - made)), usable

    def noisy(self, targets, queries, draws):
        """Content, box logits, mask and what is told of noisy queries, with
        `draws` in the place of what the reference draws."""
        table = torch.cat([self.denoise, self.denoise.new_zeros(1, self.denoise
                                                                .shape[1])])
        uniform = iter([draws["flips"], draws["moves"]])
        whole = iter([draws["classes"].int(), (draws["signs"] + 1) / 2])
        with mock.patch.object(torch, "rand_like",
                               lambda x, **_: next(uniform).clone()), \
             mock.patch.object(torch, "randint_like",
                               lambda x, *_, **__: next(whole).clone()):
            return modeling_rt_detr.get_contrastive_denoising_training_group(
                targets, self.options["classes"], queries,
                lambda named: table[named.long()],
                num_denoising_queries=self.options["denoising"])

    def forward(self, maps, targets=None, draws=None):
        """With `targets` and `draws`, noisy queries go before the others, and
        what they answer is told apart."""
        levels = [part(maps[i]) for i, part in zip(self.maps, self.pyramid)]
        shapes = [tuple(level.shape[2:]) for level in levels]
        memory = torch.cat(
            [part(level.flatten(2).transpose(1, 2))
             for part, level in zip(self.input, levels)], 1)
        output = self.enc_output(memory)
        scores = self.enc_score_head(output)
        anchors, usable = self.anchors(shapes)
        logits = self.enc_bbox_head(output) + anchors
        # RT-DETR empties the cells at the edge of a wide map, which it may then
        # choose; here they are never chosen.
        count = min(self.options["queries"], int(usable.sum()))
        best = scores.max(-1).values.masked_fill(~usable, -torch.inf)
        top = best.topk(count, dim=1).indices

        def take(x):
            return x.gather(1, top.unsqueeze(-1).expand(-1, -1, x.shape[-1]))

        sizes = torch.tensor(shapes)
        starts = torch.cat([sizes.new_zeros(1), sizes.prod(1).cumsum(0)[:-1]])
        content, points = take(output).detach(), take(logits).detach()
        mask, told, before = None, None, 0
        if draws is not None and any(len(t["class_labels"]) for t in targets):
            noisy, noisy_points, mask, told = self.noisy(targets, count, draws)
            before = noisy.shape[1]
            content = torch.cat([noisy, content], 1)
            points = torch.cat([noisy_points, points], 1)
        decoded = self.decoder(
            inputs_embeds=content,
            encoder_hidden_states=memory,
            encoder_attention_mask=mask,
            reference_points=points,
            spatial_shapes=sizes, spatial_shapes_list=shapes,
            level_start_index=starts)
        return {"enc_logits": take(scores),
                "enc_boxes": take(logits).sigmoid(),
                "logits": decoded.intermediate_logits[:, :, before:],
                "boxes": decoded.intermediate_reference_points[:, :, before:],
                "told": told,
                "noisy_logits": decoded.intermediate_logits[:, :, :before],
                "noisy_boxes":
                    decoded.intermediate_reference_points[:, :, :before]}

    def losses(self, said, targets):
        """{our name: loss}; `targets`: class_labels and boxes a picture."""
        sets = [{"logits": said["logits"][:, i],
                 "pred_boxes": said["boxes"][:, i]}
                for i in range(said["logits"].shape[1])]
        sets.append({"logits": said["enc_logits"],
                     "pred_boxes": said["enc_boxes"]})
        count = max(1, sum(len(t["class_labels"]) for t in targets))
        parts = [self.set_losses(s, targets, count) for s in sets]
        total = [sum(p.values()) for p in parts]
        found = {"class": parts[-2]["class"], "l1": parts[-2]["l1"],
                 "giou": parts[-2]["giou"], "auxiliary": sum(total[:-2]),
                 "selection": total[-1]}
        if self.options.get("denoising", 0):
            found["denoising"] = torch.zeros(())
        if said["told"] is not None:
            matches = self.loss.get_cdn_matched_indices(said["told"], targets)
            copies = count * said["told"]["dn_num_group"]
            for i in range(said["noisy_logits"].shape[1]):
                found["denoising"] = found["denoising"] + sum(self.set_losses(
                    {"logits": said["noisy_logits"][:, i],
                     "pred_boxes": said["noisy_boxes"][:, i]},
                    targets, copies, matches).values())
        return found

    def set_losses(self, said, targets, count, matches=None):
        if matches is None:
            matches = self.matcher(said, targets)
        boxes = self.loss.loss_boxes(said, targets, matches, count)
        if self.options.get("varifocal", True):
            named = self.loss.loss_labels_vfl(said, targets, matches,
                                              count)["loss_vfl"]
        else:
            wanted = torch.zeros_like(said["logits"])
            for i, (query, box) in enumerate(matches):
                wanted[i, query, targets[i]["class_labels"][box]] = 1
            # As Deformable DETR's, whose weight is 2.
            named = 2 * sigmoid_focal_loss(
                said["logits"], wanted, count) * wanted.shape[1]
        return {"class": named, "l1": 5 * boxes["loss_bbox"],
                "giou": 2 * boxes["loss_giou"]}


def parted(corners, maps, options):
    """Corners in pixels to centre and size in parts of the picture."""
    stride = options["maps"][0][1]
    size = torch.tensor([maps[0].shape[3], maps[0].shape[2]]) * float(stride)
    low, high = corners[:, :2] / size, corners[:, 2:] / size
    return torch.cat([(low + high) / 2, high - low], 1)
