"""What the suite plays itself for a target: its authorization server, or the server behind a proxy."""

from collections.abc import Callable, Sequence

from holdfast.assemble import issuer_for
from holdfast.launch import Ground
from holdfast.parties.issuer import Issuer
from holdfast.parties.origin_server import OriginServer
from holdfast.targets import Target

Part = Issuer | OriginServer


def part_for(target: Target, made: list[Part]) -> Callable[[Ground], str] | None:
    """Give what launch.start calls to have the suite's part served before the target; None where it plays none.

    made: gets the part, for who has to end it.
    """
    if target.proxy is not None and target.proxy.alone:

        def serve(ground: Ground) -> str:
            server = OriginServer(ground.host, ground.bind)
            made.append(server)
            return server.url

        return serve
    return issuer_for(target, made)


def close_all(made: Sequence[Part]) -> None:
    """End what the suite served."""
    for part in made:
        part.close()
