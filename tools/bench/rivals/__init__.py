"""What Sluss is measured beside: other ways to do the same work, each a program of its own in an environment of its own.

That environment (tools/bench/rivals.lock) holds packages that Sluss itself never imports.
"""
