"""Kedro datasets without domain knowledge: documents, tables, folders, data of figures."""
