# Read-outs and the psychometric fit against SciPy.
eyechart_add_probe(read_out_probe TORCH LINKS eyechart::heads)
eyechart_add_oracle(read_outs PROBES read_out_probe)
