# Read-outs and the psychometric fit against SciPy.
eyechart_add_probe(read_out_probe TORCH LINKS eyechart::heads)
eyechart_add_oracle(read_outs PROBES read_out_probe)

# Benchmarks, and the statistics of their scores.
eyechart_add_probe(statistics_probe LINKS eyechart::core)
eyechart_add_oracle(statistics PROBES statistics_probe)
eyechart_add_oracle(ask)
eyechart_add_oracle(demo_florence2)

# Trained heads and their optimisers against PyTorch's.
eyechart_add_probe(head_probe TORCH LINKS eyechart::heads eyechart::mixture)
eyechart_add_oracle(heads PROBES head_probe)
eyechart_add_oracle(probes)

# Scores of classes, labels and numbers, and the logistic solver, against
# scikit-learn.
eyechart_add_probe(class_scores_probe TORCH LINKS eyechart::heads)
eyechart_add_oracle(class_scores PROBES class_scores_probe)
eyechart_add_probe(logistic_probe TORCH LINKS eyechart::heads)
eyechart_add_oracle(logistic PROBES logistic_probe)

# Detection: COCO evaluation against pycocotools, suppression against
# torchvision (where there is one), data sets against plain Python, heads and
# their training steps against PyTorch and transformers.
eyechart_add_probe(coco_eval_probe LINKS eyechart::evaluation)
eyechart_add_oracle(coco_eval PROBES coco_eval_probe)
eyechart_add_oracle(tide)
eyechart_add_probe(nms_probe LINKS eyechart::nms)
eyechart_add_oracle(nms PROBES nms_probe)
eyechart_add_probe(tensor_nms_probe TORCH LINKS eyechart::detection)
eyechart_add_oracle(cuda PROBES encoder_probe tensor_nms_probe)
eyechart_add_probe(boxes_probe LINKS eyechart::boxes)
eyechart_add_oracle(boxes PROBES boxes_probe)
eyechart_add_probe(detection_probe TORCH LINKS eyechart::detection)
eyechart_add_oracle(dense_head PROBES detection_probe)
eyechart_add_probe(set_probe TORCH LINKS eyechart::detection)
eyechart_add_oracle(set_head PROBES set_probe)
eyechart_add_oracle(exported_detector)

# The load generator's estimators and arrivals, and the gate's tests, against
# SciPy and statsmodels.
eyechart_add_probe(load_probe LINKS eyechart::load)
eyechart_add_oracle(load PROBES load_probe)
eyechart_add_probe(gate_probe LINKS eyechart::gate)
eyechart_add_oracle(gate PROBES gate_probe)

# Documents by other people's parsers; change points and the drift ladder by
# NumPy.
eyechart_add_probe(exporters_probe LINKS eyechart_golden)
eyechart_add_oracle(exporters PROBES exporters_probe)
eyechart_add_probe(history_probe LINKS eyechart::history)
eyechart_add_oracle(history PROBES history_probe)
eyechart_add_oracle(compare)
