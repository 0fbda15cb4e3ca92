"""From rows of a recording to a curve by a network that sees a part at a time, with and without torch.

A road cuts, scales and joins; a network is whatever takes the arrays that it is given. Training hands it one
of torch, `fleeting.models.CurveSpotter` an exported one.
"""
