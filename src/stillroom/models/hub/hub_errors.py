"""Errors of the Hub: what huggingface_hub and its connection raise in, one line out.

Neither the token nor an address with a signature is part of a message.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from stillroom.errors import HubError
from stillroom.models.hub.hub_name import HubName
from stillroom.models.hub.hub_session import TOKEN, Hub

TRANSIENT = (408, 429, 500, 502, 503, 504)  # another try may succeed


def is_transient(error: Exception) -> bool:
    """Tell whether the same request may succeed a little later."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError

    if isinstance(error, HfHubHTTPError):
        return error.response.status_code in TRANSIENT
    return isinstance(error, httpx2.TransportError)


@contextmanager
def one_line_hub_errors(hub: Hub, name: HubName) -> Iterator[None]:
    """Turn errors of the Hub, and of the way to it, into one line while the block runs.

    Raises:
        HubError: with what happened and what to do.
    """
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        yield
    except HfHubHTTPError as error:
        raise HubError(_refusal(error, hub, name)) from None
    except HFValidationError:
        raise HubError(f"The Hub allows no name such as {name.repository}. Correct it.") from None
    except (httpx2.ConnectError, httpx2.TimeoutException) as error:
        raise HubError(
            f"{hub.host} cannot be reached ({_reason(error)}). Check the network; behind a proxy, "
            "set HTTPS_PROXY. Then run the same command again: what has arrived is kept. Or copy "
            "the folder of the model from another machine."
        ) from None
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise HubError(
            f"The connection to {hub.host} failed ({_reason(error)}). Run the same command again: "
            "what has arrived is kept."
        ) from None


def _reason(error: Exception) -> str:
    """Return the kind of an error in words; its text can hold an address."""
    kind = type(error).__name__
    cause = error.__cause__ or error.__context__
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return f"{kind}: {cause.strerror}"
        cause = cause.__cause__ or cause.__context__
    return kind


def _refusal(error: Exception, hub: Hub, name: HubName) -> str:
    """Return what the Hub refuses, and what to do."""
    from huggingface_hub import errors

    status = error.response.status_code  # type: ignore[attr-defined]  # HfHubHTTPError has it
    page = f"{hub.endpoint}/{name.repository}"
    if isinstance(error, errors.GatedRepoError):
        way = (
            f"Ask for it on {page}, make a token on {hub.endpoint}/settings/tokens, and set {TOKEN}"
            if hub.token is None
            else f"Ask for it on {page}, with the account of {TOKEN}"
        )
        return (
            f"{name.repository} is gated: its owners give access on request ({status}). {way}. "
            "Then run the same command again."
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return (
            f"{name.repository} has no revision {name.revision}. {page}/commits/main lists its "
            "commits."
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        private = (
            f"set {TOKEN} to a token that may read it"
            if hub.token is None
            else f"check that the account of {TOKEN} may read it"
        )
        return (
            f"{hub.host} has no model {name.repository}, or it is private ({status}). Check the "
            f"name; if it is private, {private}."
        )
    if isinstance(error, errors.EntryNotFoundError):
        return (
            f"{hub.host} lists a file of {name.repository} that it does not have ({status}). Fetch "
            "another revision."
        )
    if isinstance(error, errors.DisabledRepoError):
        return f"{hub.host} has disabled {name.repository}. Choose another model."
    return _plain_refusal(status, hub, name)


def _plain_refusal(status: int, hub: Hub, name: HubName) -> str:
    if status == 401 and hub.token is not None:
        return f"{hub.host} does not accept {TOKEN} (401). Set a valid token, or unset it."
    if status in (401, 403):
        account = f"the account of {TOKEN}" if hub.token else f"a request without {TOKEN}"
        return (
            f"{hub.host} does not allow {account} to read {name.repository} ({status}). Look at "
            f"{hub.endpoint}/{name.repository}, and set {TOKEN} to a token that may read it."
        )
    if status == 429:
        return (
            f"{hub.host} refuses more requests for now (429). Wait some minutes, then run the same "
            "command again: what has arrived is kept."
        )
    later = "later " if status in TRANSIENT else ""
    return f"{hub.host} answered with the status {status}. Run the same command again {later}" + (
        "or look at the page of the model."
    )
