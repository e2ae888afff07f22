eyechart_add_oracle(mining)
