eyechart_add_probe(encoder_probe TORCH LINKS eyechart::encoders)
eyechart_add_oracle(clip PROBES encoder_probe)
eyechart_add_oracle(dinov2 PROBES encoder_probe)
eyechart_add_oracle(tokenizer PROBES encoder_probe)
