"""Share a policy: write it as a folder, upload the folder to the Hugging Face Hub, and download it.

What is written is the policy alone, see `policy_files`: no optimizer, no environments, and no paths of this machine.
"""

import os
import tempfile
from pathlib import Path

from .checkpoint import find_checkpoint, load_checkpoint, run_folder
from .files import replace_file
from .model_card import find_evaluation, write_card
from .packages import require_packages
from .policy_files import SETTINGS, WEIGHTS, write_policy

SCHEME = "hf://"
"""The beginning of the name of a policy on the hub; without it, a name is a folder."""

CARD = "README.md"


def save_policy(
    run: str | os.PathLike[str], folder: str | os.PathLike[str], best: bool = False, trust: bool = False
) -> Path:
    """Write the policy of a run into a folder that `load_policy`, `evaluate.py` and `init_from` take, and return it.

    Args:
        run: A run folder, a checkpoint in one, or what `train` returned.
        folder: The folder; files of these names in it are replaced.
        best: Of a run folder, take the best checkpoint instead of the newest.
        trust: Let the checkpoint name classes of other packages.

    Raises:
        ValueError: If there is no checkpoint, it is damaged, or a package is missing.
        OSError: If a file cannot be written.
    """
    place = Path(folder)
    _save(run, place, best, trust, str(place))
    return place


def push_policy(
    run: str | os.PathLike[str],
    repo_id: str,
    best: bool = False,
    trust: bool = False,
    private: bool | None = None,
    token: str | None = None,
) -> str:
    """Upload the policy of a run to the Hugging Face Hub, with its newest evaluation on its card; return its address.

    Args:
        run: A run folder, a checkpoint in one, or what `train` returned.
        repo_id: The repository, "user/name"; it is made if there is none.
        best: Of a run folder, take the best checkpoint instead of the newest.
        trust: Let the checkpoint name classes of other packages.
        private: Whether a new repository is private; None takes the default of the account.
        token: A token that may write; None takes the one that `hf auth login` saved.

    Raises:
        ValueError: If there is no checkpoint, it is damaged, or a package is missing.
        huggingface_hub.errors.HfHubHTTPError: If the hub refuses.
    """
    require_packages("hub", "huggingface_hub")
    from huggingface_hub import HfApi

    api = HfApi(token=token, library_name="memorl")
    with tempfile.TemporaryDirectory() as made:
        step = _save(run, Path(made), best, trust, f"{SCHEME}{repo_id}")
        api.create_repo(repo_id, private=private, exist_ok=True)
        api.upload_folder(repo_id=repo_id, folder_path=made, commit_message=f"Policy after {step:,} steps")
    return f"{api.endpoint}/{repo_id}"


def pull_policy(
    repo_id: str, folder: str | os.PathLike[str] | None = None, revision: str | None = None, token: str | None = None
) -> Path:
    """Download a policy from the Hugging Face Hub, and return its folder.

    Args:
        repo_id: The repository, "user/name", with "hf://" before it or not.
        folder: The folder; None takes the cache of the hub.
        revision: A branch, a tag or a commit.
        token: A token, for a private repository.

    Raises:
        ValueError: If a package is missing, or the repository has no policy of memorl.
        huggingface_hub.errors.HfHubHTTPError: If the hub refuses.
    """
    require_packages("hub", "huggingface_hub")
    from huggingface_hub import snapshot_download

    name = repo_id.removeprefix(SCHEME)
    files = [SETTINGS, WEIGHTS, CARD]
    place = snapshot_download(name, local_dir=folder, revision=revision, token=token, allow_patterns=files)
    if not (Path(place) / SETTINGS).is_file():
        raise ValueError(f"{SCHEME}{name} has no {SETTINGS}; it must be a policy of memorl")
    return Path(place)


def _save(run: str | os.PathLike[str], folder: Path, best: bool, trust: bool, name: str) -> int:
    """Write the files of a policy folder, and return the steps of the policy."""
    path = find_checkpoint(os.fspath(run), best)
    content = load_checkpoint(path, trust=trust)
    step = int(content["agent"]["steps"])
    card = write_card(content, find_evaluation(run_folder(path), step), name)
    folder.mkdir(parents=True, exist_ok=True)
    write_policy(content, folder)
    with replace_file(folder / CARD) as file:
        file.write(card.encode())
    return step
