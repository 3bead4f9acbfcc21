"""Write the clients' test vectors again: `python -m tools.client_vectors`."""

from tools.client_vectors.documents import FOLDER, documents

for name, text in documents().items():
    (FOLDER / name).write_text(text)
    print(f"clients/vectors/{name}")
