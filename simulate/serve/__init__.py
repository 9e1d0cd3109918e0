"""One contest for an optimizer that is another program: ask and tell as JSON lines.

It may use :mod:`lcbench.simulate.study` and what that uses. The protocol is described in docs/serve.md.
"""
