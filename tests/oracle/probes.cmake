# Read-outs and the psychometric fit against SciPy.
eyechart_add_probe(read_out_probe TORCH LINKS eyechart::heads)
eyechart_add_oracle(read_outs PROBES read_out_probe)

# Benchmarks, and the statistics of their scores.
eyechart_add_probe(statistics_probe LINKS eyechart::core)
eyechart_add_oracle(statistics PROBES statistics_probe)
eyechart_add_oracle(ask)

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
