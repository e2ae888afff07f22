// Run folders with something for every section of the report, made from plain
// numbers: the same bytes each time.
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";

export const kEncoders = ["clip-vit-base-patch32", "dinov2-small",
                          "aimv2-large-patch14-448", "florence-2-base"];

const hash = (text) => crypto.createHash("sha256").update(text).digest("hex");

/** As CellSlug of core/record.h: the name of a cell's folder. */
const slug = (cell) => cell.replace(/[^A-Za-z0-9_.-]/g, "_").slice(0, 100) +
    "-" + hash(cell).slice(0, 8);

const interval = (low, high, method = "wilson") =>
  ({low, high, level: 0.95, method});

/** One record; `more` overrides. The cell's last part is the setting. */
export function record(encoder, task, dataset, setting, metric, value,
                       more = {}) {
  const last = Object.entries(setting).map(([k, v]) => `${k}=${v}`).join(",");
  return {
    schema: 1, run: "night", cell: [encoder, task, dataset,
                                    last || "default"].join("/"),
    encoder, task, dataset, setting, metric, value, unit: "1",
    direction: "higher", n: 1500, ci: null, status: "ok", message: "",
    environment: "0123456789abcdef", weights_sha256: hash(encoder),
    preprocess_sha256: hash("p" + encoder), dataset_sha256: hash(dataset),
    started: "2026-11-23T20:44:00Z", seconds: 61.5, ...more};
}

/** A picture as a data URI: a disc in a colour on a colour. */
export function picture(width, height, disc, ground) {
  const rows = Buffer.alloc((3 * width + 1) * height);
  for (let y = 0; y < height; ++y)
    for (let x = 0; x < width; ++x) {
      const inside = Math.hypot(x - width / 2, y - height / 2) < height / 3;
      rows.set(inside ? disc : ground, y * (3 * width + 1) + 1 + 3 * x);
    }
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const whole = Buffer.alloc(8 + body.length);
    whole.writeUInt32BE(data.length, 0);
    body.copy(whole, 4);
    whole.writeUInt32BE(crc32(body), 4 + body.length);
    return whole;
  };
  const size = Buffer.alloc(13);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  size.set([8, 2, 0, 0, 0], 8);
  return "data:image/png;base64," + Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk("IHDR", size),
    chunk("IDAT", zlib.deflateSync(rows)), chunk("IEND", Buffer.alloc(0)),
  ]).toString("base64");
}

// The check sum of PNG; zlib.crc32 is younger than Node 20.
function crc32(bytes) {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; ++bit)
      sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}

class Run {
  constructor(folder) {
    this.folder = folder;
    this.records = [];
  }
  add(...fields) {
    this.records.push(record(...fields));
    return this.records.at(-1).cell;
  }
  write(name, content) {
    const file = path.join(this.folder, name);
    fs.mkdirSync(path.dirname(file), {recursive: true});
    fs.writeFileSync(
        file, typeof content === "string" ? content : JSON.stringify(content));
  }
  artifact(cell, name, content) {
    this.write(`artifacts/${slug(cell)}/${name}`, content);
  }
  finish(environment) {
    this.write("records.jsonl",
               this.records.map((one) => JSON.stringify(one) + "\n").join(""));
    this.write("environment.json", environment);
    return this.folder;
  }
}

const kEnvironment = {
  cpu: "Example CPU with 2 cores", threads: 2, eyechart: "0.1.0",
  libtorch: "2.13.0", kernel: "6.1.0",
  command: "eyechart run nightly.toml --out 'runs/last night' --threads 2"};

function addPatterns(run) {
  const patterns = ["orientation and direction", "presence of features",
                    "state and condition", "color and appearance"];
  kEncoders.slice(0, 2).forEach((encoder, which) => {
    const scoring = which ? "read-out" : "text-to-image";
    const whole = run.add(encoder, "ask", "mmvp-like", {scoring},
                          "pair_accuracy", 0.4 + 0.2 * which,
                          {n: 40, ci: interval(0.3 + 0.2 * which,
                                               0.5 + 0.2 * which)});
    let csv = "id,pair,pattern,pair_correct\n";
    patterns.forEach((pattern, i) => {
      run.add(encoder, "ask", "mmvp-like", {pattern, scoring}, "pair_accuracy",
              0.2 + 0.1 * i + 0.2 * which,
              {n: 10, ci: interval(0.1 + 0.1 * i, 0.5 + 0.1 * i)});
      for (let pair = 0; pair < 10; ++pair)
        for (const side of "ab")
          csv += `${i}-${pair}${side},${pair},${pattern},` +
              `${pair < 3 + i + 2 * which ? 1 : 0}\n`;
    });
    run.write(`outcomes/${slug(whole)}.csv`, csv);
  });
}

function addProbes(run) {
  kEncoders.forEach((encoder, i) => {
    const top1 = [0.871, 0.902, 0.914, 0.793][i];
    const cell = run.add(encoder, "probe", "fashion", {probe: "linear"}, "top1",
                         top1, {ci: interval(top1 - 0.012, top1 + 0.012)});
    run.artifact(cell, "probe.json", {
      schema: 1, kind: "linear", protocol: "dinov2-linear", targets: "classes",
      train: 54000, validation: 6000, test: 10000, top1,
      ci: {low: top1 - 0.012, high: top1 + 0.012},
      grid: [{rate: 0.1}, {rate: 0.5}],
      selected: {rate: 0.5, index: 1, split: "validation",
                 validation_top1: top1, test_top1: top1},
      runs: {seeds: [0, 1, 2], scores: [top1, top1 - 0.003, top1 + 0.002]}});
  });
  const mixture = [];
  for (const read_out of ["attentive", "linear"]) {
    for (const alpha of [0, 0.25, 0.5, 0.75, 1]) {
      const score = 0.9 - 0.3 * (alpha - 0.4) ** 2 -
          (read_out === "linear" ? 0.04 : 0);
      mixture.push({read_out, alpha, test_top1: score,
                    ci: {low: score - 0.01, high: score + 0.01}});
    }
    mixture.push({read_out, test_top1: read_out === "linear" ? 0.87 : 0.89});
  }
  const cell = run.add("clip-vit-base-patch32~dinov2-small", "probe", "fashion",
                       {probe: "mixture"}, "top1", 0.9,
                       {ci: interval(0.89, 0.91)});
  run.artifact(cell, "probe.json", {
    schema: 1, kind: "mixture", protocol: "mixture", targets: "classes",
    train: 54000, validation: 6000, test: 10000, top1: 0.9,
    ci: {low: 0.89, high: 0.91}, grid: [{alpha: 0.25}, {alpha: 0.5}],
    selected: {alpha: 0.5, index: 1, split: "validation", validation_top1: 0.9,
               test_top1: 0.9},
    runs: {seeds: [0], scores: [0.9]}, mixture});
}

function addDetection(run) {
  kEncoders.slice(0, 3).forEach((encoder, i) => {
    const ap = 0.21 + 0.05 * i;
    const cell = run.add(encoder, "detect", "boxes", {head: "dense"}, "ap", ap,
                         {ci: interval(ap - 0.03, ap + 0.03,
                                       "image bootstrap, percentile")});
    run.artifact(cell, "detect.json", {
      head: "dense", stages: i === 2 ? "own" : "last", train: 900, test: 400,
      parameters: 2500000,
      stats: {AP: ap, AP50: ap + 0.2, AP75: ap - 0.05, APs: -1, APm: ap,
              APl: ap + 0.1},
      ci: {AP: interval(ap - 0.03, ap + 0.03, "image bootstrap, percentile")},
      runs: {seeds: [0, 1, 2], scores: [ap, ap + 0.01, ap - 0.004]},
      log: [1, 2, 3, 4, 5].map((k) => (
        {step: 100 * k, loss: 3 / k, validation_ap: ap * (1 - 0.6 ** k)}))});
    const wrong = (n) => ({
      id: `boxes/scene-${n}.png`, width: 160, height: 120,
      src: picture(160, 120, [200, 90, 60], [225, 232, 240]),
      misses: 1, false_alarms: 9, matched: 1,
      truths: [{box: [0.3, 0.2, 0.4, 0.6], label: "disc", missed: false},
               {box: [0.02, 0.05, 0.2, 0.3], label: "small square",
                missed: true}],
      found: [{box: [0.31, 0.22, 0.4, 0.58], label: "disc", score: 0.91,
               false_alarm: false},
              ...Array.from({length: 9}, (_, k) => (
                {box: [0.05 * k, 0.6, 0.2, 0.3], label: "triangle",
                 score: 0.8 - 0.05 * k, false_alarm: true}))]});
    run.artifact(cell, "errors.json", [wrong(1), wrong(2)]);
  });
}

function addLatency(run) {
  const stages = {decode: 3.1, resize: 1.2, encode: 14.5, head: 2.2, nms: 0.4};
  kEncoders.forEach((encoder, i) => {
    const scale = [1, 1.7, 9.4, 4.2][i];
    const setting = {scenario: "single-stream"};
    const time = {unit: "ms", direction: "lower"};
    const add = (metric, value, more = time) => run.add(
        encoder, "bench", "photos", setting, metric, value,
        {ci: value === null ? null :
                              interval(value * 0.97, value * 1.04,
                                       "order statistics"), ...more});
    add("latency_median", 21.4 * scale);
    add("latency_p90", 25.1 * scale);
    add("latency_p99", i === 3 ? null : 39.9 * scale,
        i === 3 ? {...time, message: "only 300 queries"} : time);
    add("load_throughput", 46.7 / scale,
        {unit: "samples/s", direction: "higher"});
    for (const [name, ms] of Object.entries(stages))
      add(`stage_${name}`, ms * (name === "encode" ? scale : 1),
          {...time, direction: "none"});
  });
}

function addSweep(run) {
  const time = (ms) => ({
    median: {value: ms * 1e6, reason: null,
             ci: interval(ms * 0.95e6, ms * 1.06e6, "order statistics")},
    mean: ms * 1e6});
  const row = (confidence, iou, nms, ap) => ({
    confidence, iou, boxes_before: {mean: 30 / (confidence + 0.05), most: 600},
    boxes_after: {mean: 20.25, most: 40}, nms_ns: time(nms),
    total_ns: time(24 + nms), nms_share: nms / (24 + nms), AP: ap,
    AP50: 1.5 * ap, ap_ci: interval(ap - 0.02, ap + 0.02)});
  const rows = [];
  for (const confidence of [0.001, 0.05, 0.3])
    for (const iou of [0.5, 0.6, 0.7])
      rows.push(row(confidence, iou, 2.5 - 6 * confidence + iou,
                    0.3 - 0.3 * confidence - 0.2 * (iou - 0.6) ** 2));
  const figure = (value) => ({value, ci: null});
  kEncoders.slice(0, 2).forEach((encoder, set) => {
    const cell = run.add(encoder, "nms-sweep", "boxes",
                         {head: set ? "set" : "dense"}, "ap", 0.3);
    run.artifact(cell, "nms_sweep.json", {
      schema: 1, head: set ? "set" : "dense", needs_nms: !set, pictures: 400,
      options: {margin: 0.005},
      stages_ns: [{name: "encode", ...time(18)}, {name: "head", ...time(6)}],
      rest_ns: time(24), rows: set ? [row(0.001, null, 0, 0.29)] : rows,
      best: set ? 0 : 1, fastest: set ? 0 : 4,
      cost: set ? null : {
        constant_ns: figure(1000), linear_ns: figure(50),
        quadratic_ns: figure(0.25), residual_ns: 200, most_boxes: 1000,
        as_long_as_head: {value: 4000, ci: {...interval(3000, 6000)}}}});
  });
}

function addRoofline(run) {
  run.write("artifacts/machine/roofline.json", {
    schema: 1, device: "cpu", threads: 2, copy: {gbps: 11.5},
    products: [{dtype: "fp32", gflops: 180, kernel: "onednn, packed"},
               {dtype: "bf16", gflops: 95, kernel: "onednn, packed"}],
    points: kEncoders.map((encoder, i) => ({
      encoder, dtype: i % 2 ? "bf16" : "fp32", batch: 8, seconds: 0.4,
      gflops: [120, 61, 90, 12][i], intensity: [38, 35, 41, 2.5][i],
      attainable_gflops: [180, 95, 180, 28.75][i],
      share: [0.667, 0.642, 0.5, 0.417][i],
      bound: i === 3 ? "memory" : "compute"}))});
  kEncoders.slice(0, 2).forEach((encoder, i) => {
    const points = [1, 2, 4, 8, 16, 32, 64].map((batch) => {
      const throughput = 60 * (1 + i) * batch / (batch + 2);
      return {batch, throughput, low: throughput * 0.96,
              high: throughput * 1.03};
    });
    run.write(`artifacts/machine/${encoder}/batch_curve.json`, {
      schema: 1, encoder, dtype: "fp32", device: "cpu", unit: "images/s",
      share: 0.95, points,
      best: {batch: 64, throughput: points.at(-1).throughput},
      knee: {batch: 32, from: 16, to: 64}});
  });
}

function addEyeChart(run) {
  kEncoders.forEach((encoder, i) => {
    for (const chart of ["landolt-c", "vernier"])
      for (const read_out of ["linear", "knn"]) {
        const location = (chart === "vernier" ? 1.2 : 3) * (1 + 0.35 * i) *
            (read_out === "knn" ? 1.6 : 1);
        const share = (x) =>
          0.25 + 0.74 * (1 - Math.exp(-Math.log(3) * (x / location) ** 2.5));
        const cell = run.add(encoder, "chart", chart, {read_out},
                             "chart_threshold", location,
                             {unit: "px", direction: "lower"});
        run.artifact(cell, "acuity.json", {
          schema: 1, chart, unit: "px", read_out, target: 0.75,
          points: [0.5, 1, 2, 4, 8, 16].map((strength) => ({
            strength, correct: Math.round(192 * share(strength)), trials: 192,
            low: Math.max(0, share(strength) - 0.06),
            high: Math.min(1, share(strength) + 0.06)})),
          function: {guess: 0.25, lapse: 0.01, location, slope: 2.5},
          threshold: {place: "within", strength: location,
                      low: location * 0.9, high: location * 1.1, level: 0.95},
          threshold_patches: location / 16, accuracy: 0.7});
      }
  });
}

function addPairs(run) {
  const cell = run.add("clip-vit-base-patch32~dinov2-small", "mine", "photos",
                       {near_min: "0.95"}, "blind_share", 0.0314159,
                       {direction: "lower",
                        ci: interval(0.02, 0.05, "jackknife over images")});
  run.add("clip-vit-base-patch32~dinov2-small", "mine", "photos",
          {near_min: "0.95"}, "near_pairs", 1234567, {direction: "none"});
  const shot = (k, side) => ({
    id: `photos/shelf ${k}/picture-${side}-with-a-rather-long-name.jpg`,
    label: side === "a" ? "ankle <boot>" : "sneaker",
    src: side === "b" && k === 4 ? "" :
        picture(k === 1 ? 28 : 120, k === 1 ? 28 : 90,
                [40 * k, 90, side === "a" ? 60 : 180], [235, 235, 225])});
  run.artifact(cell, "gallery.json", {
    near_model: "clip-vit-base-patch32", far_model: "dinov2-small",
    near_min: 0.95, far_max: 0.6,
    pairs: [1, 2, 3, 4, 5].map((rank) => ({
      rank, near: 0.99 - 0.005 * rank, far: 0.05 * rank - 0.1,
      gap: 1.09 - 0.055 * rank, a: shot(rank, "a"), b: shot(rank, "b")}))});
}

function addTrouble(run) {
  const odd = "odd|\"name\"</script><b>&amp;";
  run.add(odd, "encode", "photos", {dtype: "fp32"}, "images", 7,
          {direction: "none", message: "2 pictures were rotated"});
  run.add(odd, "encode", "photos", {dtype: "fp32"}, "encode_throughput", null,
          {unit: "images/s", status: "skipped", message: "only 3 of 7"});
  run.add("broken", "encode", "photos", {dtype: "bf16"}, "", null,
          {status: "error", n: 0, unit: "", direction: "none",
           message: "config.json: no such file\n" + "/models/x".repeat(40)});
  for (const encoder of kEncoders) {
    run.add(encoder, "encode", "photos", {dtype: "fp32"}, "encode_throughput",
            41.23 + encoder.length, {unit: "images/s"});
    run.add(encoder, "encode", "photos", {dtype: "fp32"}, "unreadable", 2,
            {direction: "lower"});
  }
}

/** A run that fills every section; returns the folder. */
export function writeFullRun(folder) {
  const run = new Run(folder);
  for (const add of [addPatterns, addProbes, addDetection, addLatency, addSweep,
                     addRoofline, addEyeChart, addPairs, addTrouble])
    add(run);
  return run.finish(kEnvironment);
}

/** One night of a series: values step at night 6. */
export function writeNight(folder, night) {
  const run = new Run(folder);
  const day = String(night + 1).padStart(2, "0");
  const more = {run: `night-${day}`, started: `2026-11-${day}T20:44:00Z`};
  kEncoders.slice(0, 2).forEach((encoder, i) => {
    const wobble = 0.004 * Math.sin(7 * night + i);
    const top1 = (night < 6 ? 0.87 : 0.83) + 0.03 * i + wobble;
    run.add(encoder, "probe", "fashion", {probe: "linear"}, "top1", top1,
            {...more, ci: interval(top1 - 0.012, top1 + 0.012)});
    run.add(encoder, "bench", "photos", {scenario: "single-stream"},
            "latency_median", 21.4 * (1 + i) + 100 * wobble,
            {...more, unit: "ms", direction: "lower"});
  });
  return run.finish(kEnvironment);
}

/** Ten thousand records of which none repeats another. */
export function writeBigRun(folder) {
  const run = new Run(folder);
  for (let i = 0; i < 10000; ++i) {
    const value = (i * 7919 % 10000 + 0.5) / 10007;
    run.add(`clip-${i % 100}~dinov2-${Math.floor(i / 100)}`, "mine", "photos",
            {near_min: String(0.9 + i * 1e-6)}, "blind_share", value,
            {ci: interval(value * 0.9, Math.min(1, value * 1.1),
                          "jackknife over images"),
             dataset_sha256: hash(String(i)), seconds: 1 + i / 3,
             ...(i % 1000 === 999 ? {value: null, ci: null, status: "error",
                                     message: `number ${i} ran out`} : {})});
  }
  return run.finish(kEnvironment);
}
