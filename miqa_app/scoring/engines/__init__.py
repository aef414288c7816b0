"""Engines beside the reference: the same network, computed by something faster.

`scoring.engine.Engine` runs a network with torch in fp32, and every model is judged with it. The exact engines here give
its scores to 0.05 points of 100, the fast ones to 1.5 (tests/scoring/engines); every result names its engine.
"""
