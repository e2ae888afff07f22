# Pictures and preprocessing against Pillow and transformers.
eyechart_add_probe(data_probe LINKS eyechart::data)
eyechart_add_oracle(pixels PROBES data_probe)
eyechart_add_oracle(preprocess PROBES data_probe)
eyechart_add_oracle(reduced PROBES data_probe)

# Augmentation against Pillow.
eyechart_add_probe(augment_probe LINKS eyechart::data)
eyechart_add_oracle(augment PROBES augment_probe)
