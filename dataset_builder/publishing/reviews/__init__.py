"""The config `reviews`: what experts say of published rationales, added to a folder after its build.

It has a content hash of its own. That of the folder covers what the build made, and stays the same when reviews come.
"""
