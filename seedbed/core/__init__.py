"""The small core that every stage needs: rows, ledger, params, files, keys, errors."""
