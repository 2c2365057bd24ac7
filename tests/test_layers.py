"""The import graph: arrows between packages point down, and nothing forms a cycle."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

#: The layers, bottom up. A package imports packages above it in this list, never one below it.
LAYERS = [
    "models.definitions",
    "models.schedules",
    "models.aggregation",
    "models.contract",
    "models.facts",
    "models.identity",
    "models.entities",
    "models.customers",
    "models.metrics",
    "models.risk",
    "models.outputs",
    "models.partition",
    "models.query",
    "streams.errors",
    "streams.version",
    "streams.clock",
    "streams.secret",
    "streams.printable",
    "streams.partitioner",
    "streams.patterns",
    "streams.config",
    "streams.mapping",
    "streams.kafka",
    "streams.rollup",
    "streams.faust_engine",
    "streams.read_model",
    "streams.monitoring",
    "streams.ingest",
    "streams.operations",
    "streams.worker",
    "streams.http",
    "streams.service",
    "streams.backfill",
    "streams.report",
    "streams.simulator",
    "streams.local",
    "streams.demo",
    "streams.cli",
]

#: Packages with layers of their own: no cycle between their modules and sub-packages.
LAYERED_INSIDE = ["streams.http", "streams.kafka", "streams.operations"]

#: Third parties that only these packages may import.
RESTRICTED = {
    "click": ["streams.cli"],
    "rich": ["streams.cli", "streams.demo"],
    "faust": ["streams.faust_engine", "streams.worker"],
    "aiohttp": ["streams"],
    "aiokafka": ["streams"],
    "prometheus_client": ["streams"],
}


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path): path for top in ("models", "streams") for path in (ROOT / top).rglob("*.py")}


def imported_names(path: Path) -> Iterator[str]:
    """Yield the dotted name of everything that a module imports, in functions and for typing too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_module(name: str) -> str | None:
    """Return the module of this tree that a dotted name belongs to."""
    return name if name in MODULES else next((m for m in [name.rpartition(".")[0]] if m in MODULES), None)


@cache
def names() -> dict[str, set[str]]:
    """Return what each module imports, of this tree and of others."""
    return {module: set(imported_names(path)) for module, path in MODULES.items()}


@cache
def imports() -> dict[str, set[str]]:
    """Return the modules of this tree that each module imports."""
    return {
        module: {m for name in named if (m := imported_module(name))} for module, named in names().items()
    }


def unit(module: str, depth: int) -> str:
    """Return the first `depth` parts of a module's name: its package, or itself."""
    return ".".join(module.split(".")[:depth])


def arrows(depth: int, inside: str) -> set[tuple[str, str]]:
    """Return the imports between the units of a package, as pairs of importing and imported unit."""
    return {
        (unit(module, depth), unit(other, depth))
        for module, others in imports().items()
        for other in others
        if module.startswith(inside)
        and other.startswith(inside)
        and unit(module, depth) != unit(other, depth)
    }


def cycle(pairs: set[tuple[str, str]]) -> list[str]:
    """Return one cycle of these arrows, or nothing."""
    graph = TopologicalSorter({one: [b for a, b in pairs if a == one] for one, _ in pairs})
    try:
        graph.prepare()
    except CycleError as error:
        return error.args[1]
    return []


def belongs(module: str, packages: list[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def test_every_package_has_a_layer():
    found = {unit(module, 2) for module in MODULES} - {"models", "streams"}
    assert found == set(LAYERS)


@pytest.mark.parametrize("package", LAYERS)
def test_imports_between_packages_point_down(package):
    above = LAYERS[LAYERS.index(package) + 1 :]
    assert [
        f"{module} imports {other}"
        for module in MODULES
        for other in sorted(imports()[module])
        if belongs(module, [package]) and belongs(other, above)
    ] == []


@pytest.mark.parametrize("top", ["models", "streams"])
def test_top_package_imports_nothing(top):
    assert imports()[top] == set()


@pytest.mark.parametrize("package", LAYERED_INSIDE)
def test_imports_inside_a_large_package_form_no_cycle(package):
    assert cycle(arrows(3, f"{package}.")) == []


@pytest.mark.parametrize("library", RESTRICTED)
def test_library_is_imported_only_where_it_belongs(library):
    users = {module for module, of in names().items() if any(belongs(name, [library]) for name in of)}
    assert [module for module in sorted(users) if not belongs(module, RESTRICTED[library])] == []


def test_cycle_is_found():
    assert set(cycle({("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")})) == {"a", "b", "c"}
    assert cycle({("a", "b"), ("a", "c"), ("b", "c")}) == []
