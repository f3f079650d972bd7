"""From facts to advice: the rules, and the losses that they recommend."""
