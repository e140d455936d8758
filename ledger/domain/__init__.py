"""The pure domain: values, events, rules and the deciders; no input or output of any kind."""
