"""Kedro datasets that know no domain: documents, tables, folders, figures' data."""
