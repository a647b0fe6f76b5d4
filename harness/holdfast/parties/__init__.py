"""The parties of a case: who asks, who is asked, and time."""

from holdfast.parties.authorization import AuthorizationServer
from holdfast.parties.bursts import Burst
from holdfast.parties.client import Client, Token
from holdfast.parties.clock import Clock
from holdfast.parties.doors import ClearDoor, Door, Doors
from holdfast.parties.endpoints import ProofEndpoint, ResourceServer
from holdfast.parties.gauge import Gauge
from holdfast.parties.impostor import Impostor
from holdfast.parties.key_sets import KeySets
from holdfast.parties.keys import KeyRing
from holdfast.parties.listener import Listener
from holdfast.parties.origin_server import Reply
from holdfast.parties.proxy import Proxy
from holdfast.parties.proxy_alone import ProxyAlone
from holdfast.parties.proxy_http2 import ProxyOverHttp2
from holdfast.parties.registration import ClientRegistration
from holdfast.parties.replicas import Replicas
from holdfast.parties.resource_metadata import ResourceMetadata
from holdfast.parties.script import Script
from holdfast.parties.sessions import Sessions
from holdfast.parties.trusted_hop import TrustedHop

__all__ = [
    "AuthorizationServer",
    "Burst",
    "ClearDoor",
    "Client",
    "ClientRegistration",
    "Clock",
    "Door",
    "Doors",
    "Gauge",
    "Impostor",
    "KeyRing",
    "KeySets",
    "Listener",
    "ProofEndpoint",
    "Proxy",
    "ProxyAlone",
    "ProxyOverHttp2",
    "Replicas",
    "Reply",
    "ResourceMetadata",
    "ResourceServer",
    "Script",
    "Sessions",
    "Token",
    "TrustedHop",
]
