"""A finished table as a folder that can be uploaded: its files, a data card, Croissant metadata, checksums, citation.

It may use :mod:`lcbench.table`. :func:`lcbench.table.doors.publish.publishing.publish` makes the folder; the documents
beside the table are made from a :class:`lcbench.table.doors.publish.statement.Statement`.
"""
