"""Map a network error to a retry or to an error about a setting of this machine.

Messages of requests and urllib3 about a proxy can contain its password, so they are never shown.
"""

import os
import ssl
from collections.abc import Callable, Iterator

import requests
from urllib3 import exceptions as urllib3

from vllm_digest.errors import SourceError
from vllm_digest.sources.github.failures import InterruptedAnswerError, UnreachableError

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables from which requests takes the path of a certificate bundle, the first one that is set."""
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
"""Variables that name a proxy; requests prefers their names in lower case."""


def network_failure(error: Exception) -> Exception:
    """Return the exception for an error of requests, urllib3 or the operating system."""
    causes = list(_causes(error))
    for kinds, diagnose in _DIAGNOSES:
        if any(isinstance(cause, kinds) for cause in causes):
            return diagnose(causes)
    # requests raises a plain OSError if the file of REQUESTS_CA_BUNDLE does not exist.
    if type(error) is OSError and "CA certificate bundle" in str(error):
        return _bundle_refusal("is not there")
    return InterruptedAnswerError(f"the connection failed ({type(causes[-1]).__name__})")


def _bad_proxy(causes: list[BaseException]) -> Exception:
    # requests without PySocks: "Missing dependencies for SOCKS support."
    missing = any("SOCKS" in str(cause) for cause in causes)
    return SourceError(
        f"The proxy that {_proxy()} names cannot be used.",
        "Install PySocks for a SOCKS proxy, or use an HTTP proxy."
        if missing
        else "Write it as http://HOST:PORT, or take it out of the environment.",
    )


def _bad_address(_: list[BaseException]) -> Exception:
    return SourceError(
        "The address of GitHub or of the proxy is not valid.",
        f"Check github.api_url, and {_proxy()} in the environment.",
    )


def _proxy_failure(_: list[BaseException]) -> Exception:
    return UnreachableError(
        f"the proxy that {_proxy()} names did not connect to it",
        "Check the proxy's address and password, or take it out of the environment.",
    )


def _tls_failure(causes: list[BaseException]) -> Exception:
    """A SourceError for a certificate, which no retry helps; else an error that is retried."""
    why = next((cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if why is not None:
        return SourceError(
            f"The certificate of GitHub's server was not accepted ({why.verify_message}).",
            "If a proxy of yours signs certificates, name a file with its own in REQUESTS_CA_BUNDLE"
            + (f" ({_bundle()} is set)." if _bundle() else "."),
        )
    # OpenSSL's reasons: a bundle without certificates, a damaged one, and plain HTTP on the port.
    reasons = " ".join(str(cause) for cause in causes)
    if "NO_CERTIFICATE_OR_CRL_FOUND" in reasons or "PEM lib" in reasons:
        return _bundle_refusal("holds no certificate")
    if "WRONG_VERSION_NUMBER" in reasons:
        return SourceError(
            "The server at GitHub's address does not speak TLS.",
            "Check whether github.api_url begins with http:// or https://, and its port.",
        )
    return InterruptedAnswerError("the encrypted connection failed")


def _no_connection(causes: list[BaseException]) -> Exception:
    why = next((c.strerror for c in reversed(causes) if isinstance(c, OSError) and c.strerror), "")
    return UnreachableError(
        f"it cannot be reached ({why or 'no connection in time'})",
        "Check github.api_url and this machine's network.",
    )


def _too_late(_: list[BaseException]) -> Exception:
    return InterruptedAnswerError("no answer in time")


def _bundle_refusal(problem: str) -> SourceError:
    return SourceError(
        f"The file of certificates that {_bundle() or 'this Python'} names {problem}.",
        "Name a file in PEM form that exists, or take the variable out of the environment.",
    )


def _bundle() -> str:
    """The environment variable that names a certificate bundle; empty if none does."""
    return next((name for name in _BUNDLES if os.environ.get(name)), "")


def _proxy() -> str:
    """The environment variable that names a proxy."""
    names = [name for proxy in _PROXIES for name in (proxy.lower(), proxy)]
    return next((name for name in names if os.environ.get(name)), "HTTPS_PROXY")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes; both libraries pass the cause as an argument of the exception."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = (getattr(one, "reason", None), *one.args, one.__cause__, one.__context__)
        waiting += [cause for cause in inner if isinstance(cause, BaseException)]


_DIAGNOSES: tuple[tuple[tuple[type[BaseException], ...], Callable[[list[BaseException]], Exception]], ...] = (
    ((requests.exceptions.InvalidProxyURL, requests.exceptions.InvalidSchema), _bad_proxy),
    ((requests.exceptions.InvalidURL, urllib3.LocationValueError), _bad_address),
    ((requests.exceptions.ProxyError, urllib3.ProxyError), _proxy_failure),
    ((ssl.SSLError, requests.exceptions.SSLError, urllib3.SSLError), _tls_failure),
    ((requests.ConnectTimeout, urllib3.ConnectTimeoutError, urllib3.NewConnectionError), _no_connection),
    ((requests.Timeout, urllib3.TimeoutError, TimeoutError), _too_late),
)
"""Exception types with the function for them; the first entry that matches one of the causes is used.

The order matters: a failed proxy has a failed connection among its causes, and ConnectTimeout is a Timeout.
"""
