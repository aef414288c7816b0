"""From votes to mean opinion scores: the table of votes, screening, the models of BT.500, P.910 and P.913, and pairs."""
