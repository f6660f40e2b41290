"""The published language: one module a producer. Events are fat, so that nobody has to ask back.

Events of one subject come in any order and more than once: a consumer keeps the highest `version`
(for play `session_version`) it has seen of a subject and ignores what is older.
"""
