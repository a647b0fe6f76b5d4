"""What the suite plays itself for a target: its authorization server, or the server behind a proxy."""

from collections.abc import Callable, Sequence

from holdfast.launch import Ground
from holdfast.launch.process import free_ports
from holdfast.parties.issuer import Issuer
from holdfast.parties.origin_server import OriginServer
from holdfast.targets import Target

Part = Issuer | OriginServer


def part_for(target: Target, made: list[Part]) -> Callable[[Ground], str] | None:
    """Give what launch.start calls to have the suite's part served before the target; None where it plays none.

    made: gets the part, for who has to end it.
    """
    if target.proxy is not None and target.proxy.alone:
        return _serving(made, _secure_origin if target.proxy.re_encrypts else _origin)
    return _serving(made, _issuer) if plays_issuer(target) else None


def plays_issuer(target: Target) -> bool:
    """Whether the suite has to be the authorization server: a resource server is judged and none is named."""
    named = target.issuer not in {None, "{suite_url}"} or target.endpoints.token is not None
    return "rs" in target.roles and not named and bool(target.resources)


def close_all(made: Sequence[Part]) -> None:
    """End what the suite served."""
    for part in made:
        part.close()


def _serving(made: list[Part], make: Callable[[Ground], Part]) -> Callable[[Ground], str]:
    def serve(ground: Ground) -> str:
        part = make(ground)
        made.append(part)
        return part.url

    return serve


def _origin(ground: Ground) -> OriginServer:
    return OriginServer(ground.host, ground.bind)


def _secure_origin(ground: Ground) -> OriginServer:
    return OriginServer(ground.host, ground.bind, ground.authority)


def _issuer(ground: Ground) -> Issuer:
    port = free_ports(1)[0]
    issuer = Issuer(f"https://{ground.host}:{port}")
    issuer.serve(ground.authority.issue_server([ground.host]), ground.folder, host=ground.bind, port=port)
    return issuer
