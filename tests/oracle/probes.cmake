# Benchmarks, and the statistics of their scores.
eyechart_add_probe(statistics_probe LINKS eyechart::core)
eyechart_add_oracle(statistics PROBES statistics_probe)
eyechart_add_oracle(ask)
