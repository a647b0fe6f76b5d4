"""The parties of a case: who asks, who is asked, and time."""

from holdfast.parties.authorization import AuthorizationServer
from holdfast.parties.cast import Clock
from holdfast.parties.client import Client, Token
from holdfast.parties.endpoints import ProofEndpoint, ResourceServer
from holdfast.parties.keys import KeyRing
from holdfast.parties.proxy import Proxy

__all__ = ["AuthorizationServer", "Client", "Clock", "KeyRing", "ProofEndpoint", "Proxy", "ResourceServer", "Token"]
