"""Features of images, layer by layer: stored in .npz files, or computed by a network."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lossctl.block import Array, Column, Ragged, Words
from lossctl.errors import DataError, UsageError, plural, quote
from lossctl.tables.arrays import IMAGE, WHOLE, ArrayTable
from lossctl.tables.reading import Features, Reading, Role
from lossctl.tables.roles import assign
from lossctl.tables.rows import Rows
from lossctl.tables.table import TableReader, Wanted
from lossctl.tables.units import whole_units

LAYER = "layer"


@dataclass(frozen=True)
class _ImageFeatures:
    """The features of one image, by layer."""

    name: str
    layers: Mapping[str, Array]


class FeatureTable:
    """Images as rows of single features, each with its layer and its image."""

    columns: tuple[str, ...] = (WHOLE,)
    extras: tuple[str, ...] = (IMAGE, LAYER)
    own_unit = IMAGE
    agreeing: tuple[str, ...] = ()
    has_channels = False

    def __init__(self, table: TableReader, features: Features, reading: Reading) -> None:
        """Take stored layers, or images and the network that computes the layers.

        Args:
            table: the stored layers, or the images.
            features: the network, if there is one, and the names of the layers.
            reading: how images are read.

        Raises:
            UsageError: there is no such layer, or a package is missing.
            DataError: the network cannot be run.
        """
        self.name, self.size = table.name, table.size
        self._layers: list[tuple[str, Mapping[str, int]]] = []
        self._features: _Stored | _Computed
        if features.network is None:
            if not isinstance(table, ArrayTable):
                raise TypeError(table)
            self._features = _Stored(table, features.layers)
        else:
            self._features = _Computed(table, features.network, features.layers, reading)
            self.has_channels = table.has_channels

    def width(self, column: str) -> int:
        """Return 1: there is one feature per row."""
        del column
        return 1

    def blocks(self, wanted: Sequence[Wanted]) -> Iterator[Mapping[Wanted, Column]]:
        """Yield the features of one image after the other."""
        self._layers = []
        for image in self._features.images():
            counts = {name: layer.size for name, layer in image.layers.items()}
            self._layers.append((image.name, counts))
            sizes = list(counts.values())
            layers = Words(np.repeat(np.arange(len(sizes)), sizes), tuple(counts))
            images = Words(np.zeros(sum(sizes), dtype=np.intp), (image.name,))
            values = np.concatenate([layer.ravel() for layer in image.layers.values()])
            columns: dict[str, Column] = {
                IMAGE: images,
                LAYER: layers,
                WHOLE: values.astype(np.float64),
            }
            yield {column: columns[column.name] for column in wanted}

    def place(self, row: int, column: str) -> tuple[str, str]:
        """Return the image, layer and number of a feature, in words, and its text."""
        for image, counts in self._layers:
            for layer, count in counts.items():
                if row < count:
                    where = f"{quote(self.name)}, image {image}, layer {quote(layer)}"
                    cell = {IMAGE: image, LAYER: layer}.get(column, f"feature {row + 1:,}")
                    return f"{where}, feature {row + 1:,}", cell
                row -= count
        raise DataError(f"{quote(self.name)} changed while it was read")


class _Stored:
    """Layers that are the arrays of a .npz file, `(images, ...)` each."""

    def __init__(self, table: ArrayTable, layers: Sequence[str]) -> None:
        self._table = table
        self._layers = [_known(name, table.columns) for name in layers] or table.columns

    def images(self) -> Iterator[_ImageFeatures]:
        # The array of a .npy file has no name.
        arrays = {name or "features": self._table.array(name) for name in self._layers}
        counts = {len(array) for array in arrays.values()}
        if len(counts) > 1:
            raise DataError(
                f"{quote(self._table.name)}: the layers have different numbers of images"
            )
        for number in range(counts.pop()):
            layers = {name: np.asarray(array[number]) for name, array in arrays.items()}
            for name, layer in layers.items():
                if not np.isfinite(layer).all():
                    where = f"{quote(self._table.name)}, layer {quote(name)}, image {number + 1:,}"
                    raise DataError(f"{where}: a feature is not a finite number")
            yield _ImageFeatures(str(number + 1), layers)


class _Computed:
    """Layers that a network computes from images, one image at a time."""

    def __init__(
        self, table: TableReader, network: str, layers: Sequence[str], reading: Reading
    ) -> None:
        role = Role("image", wide=True, whole=True, lines=True)
        unit = reading.unit or table.own_unit or None
        if isinstance(table, FeatureTable):
            raise TypeError(table)
        plain = Reading(delimiter=reading.delimiter, decimal=reading.decimal, unit=unit)
        self._rows = Rows([table], [role], assign([table], [role], plain), plain, unit)
        self._network = Network(network, layers)

    def images(self) -> Iterator[_ImageFeatures]:
        for block in whole_units([self._rows], []):
            heights = (block.lengths or {})["image"]
            lines = Ragged(block.roles["image"], heights)
            for number, (start, height) in enumerate(
                zip(lines.starts.tolist(), heights.tolist(), strict=True)
            ):
                name = "1" if block.unit is None else block.unit.words[block.unit.codes[number]]
                yield _ImageFeatures(name, self._network(lines.values[start : start + height]))


class Network:
    """A network in an ONNX file, from which the values of any named tensor can be computed."""

    def __init__(self, path: str, layers: Sequence[str]) -> None:
        """Open the file and make the requested tensors its outputs.

        Args:
            path: the file.
            layers: the names of the tensors; the network's own outputs without any.

        Raises:
            UsageError: there is no such tensor, or a package is missing.
            DataError: the file is not a network that can be run.
        """
        onnx, runtime = _package("onnx"), _package("onnxruntime")
        self._path = path
        try:
            model = onnx.load(path)
        except OSError as error:
            raise DataError(f"{quote(path)} cannot be read: {error.strerror}") from None
        except Exception as error:  # noqa: BLE001  # whatever its parser raises
            raise DataError(f"{quote(path)} is not an ONNX file: {_in_one_line(error)}") from None
        outputs = {output.name: output for output in model.graph.output}
        tensors = [name for node in model.graph.node for name in node.output if name]
        self._layers = [_known(name, tensors) for name in layers] or list(outputs)
        _prune(model.graph, self._layers)
        del model.graph.output[:]
        model.graph.output.extend(
            outputs.get(name)
            or onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
            for name in self._layers
        )
        options = runtime.SessionOptions()
        options.log_severity_level = 4  # errors are raised, so they need not be printed as well
        try:
            self._session = runtime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # noqa: BLE001
            raise DataError(f"{quote(path)} cannot be run: {_in_one_line(error)}") from None
        self._input = self._session.get_inputs()[0]

    def __call__(self, image: Array) -> Mapping[str, Array]:
        """Return the layers for an image, `(height, width)` or `(height, width, channels)`."""
        planes = image[None] if image.ndim == 2 else np.moveaxis(image, -1, 0)
        shape = self._input.shape
        if len(shape) != 4:
            raise DataError(
                f"{quote(self._path)} takes {plural(len(shape), 'dimension')}, not images",
                "export it with an input of shape (images, channels, height, width)",
            )
        if isinstance(shape[1], int) and shape[1] != len(planes):
            raise DataError(
                f"{quote(self._path)} takes {plural(shape[1], 'channel')}, "
                f"but an image has {len(planes)}"
            )
        batch = np.ascontiguousarray(planes[None], dtype=np.float32)
        try:
            values = self._session.run(self._layers, {self._input.name: batch})
        except Exception as error:  # noqa: BLE001
            reason = _in_one_line(error)
            raise DataError(f"{quote(self._path)} cannot process the images: {reason}") from None
        return {
            name: np.asarray(layer, dtype=np.float64)
            for name, layer in zip(self._layers, values, strict=True)
        }


def _prune(graph: Any, layers: Sequence[str]) -> None:  # noqa: ANN401
    """Remove the nodes that no layer needs, so that they are not run."""
    if any(attribute.HasField("g") for node in graph.node for attribute in node.attribute):
        return  # a node with a graph inside may need any other
    needed, nodes = set(layers), []
    for node in reversed(graph.node):
        if needed & {*node.output}:
            needed.update(node.input)
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(reversed(nodes))


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _known(name: str, names: Sequence[str]) -> str:
    if name not in names:
        raise UsageError.unknown("layer", name, names)
    return name


def _package(name: str) -> Any:  # noqa: ANN401
    try:
        return importlib.import_module(name)
    except ImportError:
        raise UsageError(
            f"networks need the package {name}", 'pip install "lossctl[onnx]"'
        ) from None
