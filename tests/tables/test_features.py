"""Features of images: layers of .npz files, rows of text, and what a network makes."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image

from lossctl.block import Words
from lossctl.errors import DataError, LossctlError, UsageError
from lossctl.tables import Reading, Role, open_tables
from lossctl.tables.reading import Features

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

SINGLE = 1e-5
"""Networks compute in float32."""


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def parameters():
    """Kernels and biases of two convolutions, the second without borders."""
    random = np.random.default_rng(7)
    return {
        "w1": random.normal(size=(2, 1, 3, 3)).astype(np.float32),
        "b1": random.normal(size=2).astype(np.float32),
        "w2": random.normal(size=(3, 2, 2, 2)).astype(np.float32),
        "b2": random.normal(size=3).astype(np.float32),
    }


def network(name, parameters, *, shape=("n", 1, "h", "w"), outputs=("relu2",)):
    """Write a network: convolution, relu, convolution, relu."""
    helper = onnx.helper
    single = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "w1", "b1"], ["conv1"], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["conv1"], ["relu1"]),
            helper.make_node("Conv", ["relu1", "w2", "b2"], ["conv2"]),
            helper.make_node("Relu", ["conv2"], ["relu2"]),
        ],
        "two convolutions",
        [helper.make_tensor_value_info("x", single, list(shape))],
        [helper.make_tensor_value_info(output, single, None) for output in outputs],
        [onnx.numpy_helper.from_array(array, key) for key, array in parameters.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, name)
    return name


def convolved(planes, kernels, biases, border):
    """Convolve `(channels, height, width)` in the plainest way."""
    padded = np.pad(planes, ((0, 0), (border, border), (border, border)))
    _, height, width = padded.shape
    side = kernels.shape[2]
    out = np.zeros((len(kernels), height - side + 1, width - side + 1))
    for number, (kernel, bias) in enumerate(zip(kernels.astype(float), biases, strict=True)):
        for row in range(out.shape[1]):
            for column in range(out.shape[2]):
                window = padded[:, row : row + side, column : column + side]
                out[number, row, column] = (window * kernel).sum() + float(bias)
    return out


def layers_of(image, parameters):
    """Return the four layers of an image of one channel, by name."""
    conv1 = convolved(image[None], parameters["w1"], parameters["b1"], 1)
    relu1 = np.maximum(conv1, 0.0)
    conv2 = convolved(relu1, parameters["w2"], parameters["b2"], 0)
    return {"conv1": conv1, "relu1": relu1, "conv2": conv2, "relu2": np.maximum(conv2, 0.0)}


def roles(network_=None, layers=()):
    features = Features(network_, tuple(layers))
    names = Role("layer", text=True, whole=True, optional=True)
    numbers = [Role(name, whole=True, features=features) for name in ("prediction", "target")]
    return [*numbers, names]


def listed(column):
    """Write a column as a plain list."""
    if isinstance(column, Words):
        return [column.words[code] for code in column.codes.tolist()]
    return column.tolist()


def images(files, network_=None, layers=(), **options):
    """Read everything: for each image its name, and the features of the target by layer."""
    with open_tables(files, roles(network_, layers), Reading(**options)) as tables:
        found = []
        for block in tables.blocks():
            ends = np.cumsum(block.lengths["target"]).tolist()
            for number, name in enumerate(listed(block.unit) if block.unit else [""]):
                rows = slice(ends[number] - int(block.lengths["target"][number]), ends[number])
                features = {}
                names, values = listed(block.roles["layer"])[rows], block.roles["target"][rows]
                for layer, value in zip(names, values.tolist(), strict=True):
                    features.setdefault(layer, []).append(value)
                found.append((name, features))
        return found


def refusal(files, network_=None, layers=(), **options):
    with pytest.raises(LossctlError) as caught:
        images(files, network_, layers, **options)
    return type(caught.value), caught.value.message, caught.value.hint


@pytest.fixture
def stored(tmp_path):
    """Write layers of three images, of eight and of two numbers."""

    def once(name, **changes):
        layers = {
            "deep": np.arange(6.0).reshape(3, 2),
            "wide": np.arange(24.0).reshape(3, 2, 2, 2),
            **changes,
        }
        np.savez(
            tmp_path / name, **{key: layer for key, layer in layers.items() if layer is not None}
        )
        return name

    return once


# Stored layers


def test_the_arrays_of_an_archive_are_layers(stored):
    found = images([stored("a.npz"), stored("b.npz")])
    assert found == [
        (
            str(image + 1),
            {
                "deep": [2.0 * image, 2.0 * image + 1],
                "wide": [8.0 * image + number for number in range(8)],
            },
        )
        for image in range(3)
    ]


@pytest.mark.parametrize("layers", [("wide",), ("wide", "deep")])
def test_only_the_layers_that_are_named_are_read(stored, layers):
    files = [stored("a.npz"), stored("b.npz")]
    assert all(tuple(features) == layers for _, features in images(files, layers=layers))


def test_a_layer_that_is_not_named_may_be_anything(stored):
    files = [
        stored("a.npz", other=np.full((7, 2), np.nan)),
        stored("b.npz", wide=None),
    ]
    assert [name for name, _ in images(files, layers=["deep"])] == ["1", "2", "3"]


def test_named_layers_may_be_in_another_order(stored, tmp_path):
    stored("a.npz")
    with np.load("a.npz") as archive:
        np.savez(tmp_path / "b.npz", wide=archive["wide"], deep=archive["deep"])
    first, *_ = images(["a.npz", "b.npz"], layers=["deep", "wide"])
    assert list(first[1]) == ["deep", "wide"]


def test_an_unknown_layer_is_refused(stored):
    kind, message, hint = refusal([stored("a.npz"), stored("b.npz")], layers=["deap"])
    assert (kind, message) == (UsageError, "unknown layer 'deap'")
    assert hint == "did you mean 'deep'?"


def test_layers_of_several_numbers_of_images_are_refused(stored):
    files = [stored("a.npz"), stored("b.npz", wide=np.zeros((2, 4)))]
    kind, message, _ = refusal(files)
    assert (kind, message) == (
        DataError,
        "'b.npz': the layers have different numbers of images",
    )


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("file", ["a.npz", "b.npz"])
def test_a_feature_that_is_not_finite_has_its_place(stored, number, file):
    wide = np.zeros((3, 4))
    wide[1, 2] = number
    files = [stored("a.npz", wide=np.zeros((3, 4))), stored("b.npz", wide=np.zeros((3, 4)))]
    stored(file, wide=wide)
    kind, message, _ = refusal(files)
    assert kind is DataError
    assert message == f"'{file}', layer 'wide', image 2: a feature is not a finite number"


@pytest.mark.parametrize(
    "changes",
    [
        {"wide": None},  # one layer fewer
        {"wide": None, "broad": np.zeros((3, 8))},  # another name
        {"wide": np.zeros((3, 7))},  # another size
        {"deep": np.zeros((3, 1)), "wide": np.zeros((3, 9))},  # as many numbers together
        {"deep": np.zeros((2, 2)), "wide": np.zeros((2, 8))},  # one image fewer
    ],
)
def test_files_of_other_layers_are_refused(stored, changes):
    kind, message, _ = refusal([stored("a.npz"), stored("b.npz", **changes)])
    assert kind is DataError
    assert message.startswith("the files do not line up: ")


def test_a_feature_is_no_text(tmp_path, stored):
    np.savez(tmp_path / "b.npz", deep=np.array([["a"]]))
    kind, message, _ = refusal([stored("a.npz"), "b.npz"])
    assert kind is DataError
    assert message.startswith("'b.npz' holds ")


@pytest.mark.parametrize("dtype", ["f2", "f4", ">f8", "u1", "?"])
def test_any_type_of_number_is_a_feature(stored, dtype):
    one = np.ones((3, 2), dtype=dtype)
    files = [stored("a.npz", deep=one, wide=None), stored("b.npz", deep=one, wide=None)]
    assert images(files)[0] == ("1", {"deep": [1.0, 1.0]})


def test_layers_of_one_number_an_image_are_read(stored):
    files = [stored(name, deep=np.array([1.0, 2.0, 3.0]), wide=None) for name in ("a.npz", "b.npz")]
    assert images(files) == [(str(k), {"deep": [float(k)]}) for k in (1, 2, 3)]


def test_layers_of_no_images_are_refused(stored):
    empty = {"deep": np.zeros((0, 2)), "wide": np.zeros((0, 8))}
    kind, _, _ = refusal([stored("a.npz", **empty), stored("b.npz", **empty)])
    assert kind is DataError


def test_a_single_array_is_one_layer(tmp_path):
    for name in ("a.npy", "b.npy"):
        np.save(tmp_path / name, np.arange(4.0).reshape(2, 2))
    found = images(["a.npy", "b.npy"])
    assert [list(features.values()) for _, features in found] == [[[0.0, 1.0]], [[2.0, 3.0]]]


# Networks


PICTURES = np.random.default_rng(3).random((3, 5, 4))


@pytest.mark.parametrize(
    "layers", [(), ("relu1",), ("relu1", "relu2"), ("conv2", "conv1"), ("relu2",)]
)
@pytest.mark.parametrize("shape", [("n", 1, "h", "w"), (1, 1, 5, 4), (None, 1, None, None)])
def test_a_network_gives_its_layers(tmp_path, parameters, layers, shape):
    np.save(tmp_path / "p.npy", PICTURES)
    name = network("n.onnx", parameters, shape=shape)
    found = images(["p.npy", "p.npy"], name, layers)
    assert [image for image, _ in found] == ["1", "2", "3"]
    for image, (_, features) in zip(PICTURES, found, strict=True):
        expected = layers_of(image, parameters)
        assert list(features) == list(layers or ("relu2",))
        for layer, values in features.items():
            assert values == pytest.approx(expected[layer].ravel(), rel=SINGLE, abs=SINGLE)


def test_a_layer_that_is_there_without_the_rest_needs_no_larger_image(tmp_path, parameters):
    # 1 × 1 is enough for the first convolution, which has a border, and too small for the second.
    np.save(tmp_path / "p.npy", np.full((1, 1, 1), 0.5))
    ((_, features),) = images(["p.npy", "p.npy"], network("n.onnx", parameters), ["relu1"])
    expected = layers_of(np.full((1, 1), 0.5), {**parameters, "w2": np.zeros((3, 2, 1, 1))})
    assert features["relu1"] == pytest.approx(expected["relu1"].ravel(), rel=SINGLE)


def test_an_image_too_small_is_refused_without_other_noise(tmp_path, parameters, capfd):
    np.save(tmp_path / "p.npy", np.full((1, 1, 1), 0.5))
    kind, message, _ = refusal(["p.npy", "p.npy"], network("n.onnx", parameters), ["relu2"])
    assert kind is DataError
    assert message.startswith("'n.onnx' cannot process the images: ")
    assert capfd.readouterr().err == ""


def test_a_network_takes_folders_of_images(tmp_path, parameters):
    for folder in "pt":
        (tmp_path / folder).mkdir()
        for name, size in (("b", (3, 3)), ("a", (4, 2))):  # a network may take any size
            level = np.full(size, 51, dtype=np.uint8)
            Image.fromarray(level).save(tmp_path / folder / f"{name}.png")
    found = images(["p", "t"], network("n.onnx", parameters), ["relu1"])
    assert [name for name, _ in found] == ["a", "b"]
    for (_, features), size in zip(found, [(4, 2), (3, 3)], strict=True):
        expected = layers_of(np.full(size, 0.2), parameters)["relu1"]
        assert features["relu1"] == pytest.approx(expected.ravel(), rel=SINGLE, abs=SINGLE)


def test_channels_are_put_first(tmp_path, parameters):
    wide = {**parameters, "w1": np.tile(parameters["w1"], (1, 3, 1, 1))}
    name = network("n.onnx", wide, shape=("n", 3, "h", "w"))
    image = np.random.default_rng(4).random((3, 5, 4))
    conv1 = convolved(image, wide["w1"], wide["b1"], 1)
    np.save(tmp_path / "first.npy", image[None])
    np.save(tmp_path / "last.npy", np.moveaxis(image, 0, -1)[None])
    for file, channels in (("first.npy", "first"), ("last.npy", None), ("last.npy", "last")):
        ((_, features),) = images([file, file], name, ["conv1"], channels=channels)
        assert features["conv1"] == pytest.approx(conv1.ravel(), rel=SINGLE, abs=SINGLE)


@pytest.mark.parametrize(("network_", "image"), [(3, 1), (1, 3)])
def test_an_image_of_another_number_of_channels_is_refused(tmp_path, parameters, network_, image):
    wide = {**parameters, "w1": np.tile(parameters["w1"], (1, network_, 1, 1))}
    name = network("n.onnx", wide, shape=("n", network_, "h", "w"))
    np.save(tmp_path / "p.npy", np.zeros((1, 5, 4, image)))
    kind, message, _ = refusal(["p.npy", "p.npy"], name)
    assert kind is DataError
    takes = "1 channel" if network_ == 1 else f"{network_} channels"
    assert message == f"'n.onnx' takes {takes}, but an image has {image}"


def test_a_layer_that_the_network_does_not_have_is_refused(tmp_path, parameters):
    np.save(tmp_path / "p.npy", PICTURES)
    name = network("n.onnx", parameters)
    kind, message, hint = refusal(["p.npy", "p.npy"], name, ["relu9"])
    assert (kind, message) == (UsageError, "unknown layer 'relu9'")
    assert hint.startswith("did you mean 'relu")


@pytest.mark.parametrize(
    "content", [b"", b"hello, this is text\n", b"\x89PNG\r\n\x1a\n", b"\0" * 99]
)
def test_a_file_that_is_no_network_is_refused(tmp_path, content):
    np.save(tmp_path / "p.npy", PICTURES)
    (tmp_path / "n.onnx").write_bytes(content)
    kind, message, _ = refusal(["p.npy", "p.npy"], "n.onnx")
    assert kind is DataError
    assert message.startswith("'n.onnx' ")
    assert "\n" not in message


def test_a_network_that_is_not_there_is_refused(tmp_path):
    np.save(tmp_path / "p.npy", PICTURES)
    kind, message, _ = refusal(["p.npy", "p.npy"], "n.onnx")
    assert kind is DataError
    assert "'n.onnx'" in message
    assert "No such file" in message


def test_a_network_of_vectors_is_refused(tmp_path):
    helper, single = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", single, ["n", 4])],
        [helper.make_tensor_value_info("y", single, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, "n.onnx")
    np.save(tmp_path / "p.npy", PICTURES)
    kind, message, hint = refusal(["p.npy", "p.npy"], "n.onnx")
    assert (kind, message) == (DataError, "'n.onnx' takes 2 dimensions, not images")
    assert hint == "export it with an input of shape (images, channels, height, width)"


def test_images_of_another_size_than_the_network_takes_are_refused(tmp_path, parameters):
    np.save(tmp_path / "p.npy", PICTURES)
    name = network("n.onnx", parameters, shape=(1, 1, 8, 8))
    kind, message, _ = refusal(["p.npy", "p.npy"], name)
    assert kind is DataError
    assert message.startswith("'n.onnx' cannot process the images: ")


def test_a_network_of_a_larger_batch_is_refused_in_one_sentence(tmp_path, parameters):
    np.save(tmp_path / "p.npy", PICTURES)
    name = network("n.onnx", parameters, shape=(4, 1, 5, 4))
    kind, message, _ = refusal(["p.npy", "p.npy"], name)
    assert kind is DataError
    assert message.startswith("'n.onnx' cannot process the images: ")
    assert "\n" not in message


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_without_the_packages_the_error_says_how_to_install_them(
    tmp_path, parameters, monkeypatch, package
):
    np.save(tmp_path / "p.npy", PICTURES)
    name = network("n.onnx", parameters)
    monkeypatch.setitem(sys.modules, package, None)
    kind, message, hint = refusal(["p.npy", "p.npy"], name)
    assert (kind, message) == (UsageError, f"networks need the package {package}")
    assert hint == 'pip install "lossctl[onnx]"'


@pytest.mark.parametrize("missing", ["error", "skip"])
def test_skipping_is_not_suggested_for_a_missing_pixel(tmp_path, parameters, missing):
    broken = PICTURES.copy()
    broken[1, 2, 3] = np.nan
    np.save(tmp_path / "p.npy", PICTURES)
    np.save(tmp_path / "t.npy", broken)
    name = network("n.onnx", parameters)
    kind, message, hint = refusal(["p.npy", "t.npy"], name, missing=missing)
    assert issubclass(kind, LossctlError)
    assert message.startswith("'t.npy', image 2, line 3: ") or kind is UsageError
    assert "--missing skip" not in hint


def test_layers_do_not_pass_through_a_network(stored, parameters):
    name = network("n.onnx", parameters)
    kind, message, _ = refusal([stored("a.npz"), stored("b.npz")], name)
    assert kind is DataError
    assert message.startswith("'a.npz'")


# Through the command line


PERCEPTUAL = ["compute", "perceptual"]


def numbers(text):
    return [float(line) for line in text.splitlines()]


def test_the_loss_of_stored_layers_by_hand(run, stored):
    # 2 × 1² + 8 × 2² in every image
    stored("a.npz", deep=np.zeros((3, 2)), wide=np.zeros((3, 2, 4)))
    stored("b.npz", deep=np.ones((3, 2)), wide=np.full((3, 2, 4), 2.0))
    ran = run([*PERCEPTUAL, "a.npz", "b.npz", "--reduction", "none", "--format", "csv"])
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "loss,unit,value\n" + "".join(f"perceptual,{k},34.0\n" for k in (1, 2, 3))
    for options, expected in (
        (["--layers", "deep"], 2.0),
        (["--layers", "wide, deep"], 34.0),
        (["--layer-weights", "deep=1,wide=0.5"], 18.0),
        (["--normalise"], 5.0),
        (["--layers", "wide", "--layer-weights", "wide=0.25"], 8.0),
    ):
        ran = run([*PERCEPTUAL, "a.npz", "b.npz", *options, "--format", "value"])
        assert (ran.code, numbers(ran.out)) == (0, [expected])


def test_the_loss_of_rows_of_text_by_hand(run, tmp_path):
    # image 1: 1 + 4 of layer p and 4 of layer q; image 2: 25
    (tmp_path / "a.csv").write_text("i,layer,prediction\n1,p,1\n1,p,2\n1,q,3\n2,p,0\n")
    (tmp_path / "b.csv").write_text("i,layer,target\n1,p,0\n1,p,0\n1,q,1\n2,p,5\n")
    files = ["a.csv", "b.csv", "--unit", "i", "--reduction", "none", "--format", "value"]
    ran = run([*PERCEPTUAL, *files])
    assert (ran.code, numbers(ran.out)) == (0, [9.0, 25.0])


def test_layers_chosen_of_rows_of_text_are_chosen_or_refused(run, tmp_path):
    (tmp_path / "a.csv").write_text("i,layer,prediction\n1,p,1\n1,p,2\n1,q,3\n")
    (tmp_path / "b.csv").write_text("i,layer,target\n1,p,0\n1,p,0\n1,q,1\n")
    ran = run([*PERCEPTUAL, "a.csv", "b.csv", "--unit", "i", "--layers", "p", "-f", "value"])
    assert (ran.code, ran.out) in {(0, "5.0\n"), (2, "")}


def test_the_loss_through_a_network_is_that_of_its_layers(run, tmp_path, parameters):
    target = np.random.default_rng(5).random(PICTURES.shape)
    np.save(tmp_path / "p.npy", PICTURES)
    np.save(tmp_path / "t.npy", target)
    name = network("n.onnx", parameters)
    through = ["--network", name, "--layers", "relu1,relu2"]
    shown = ["--reduction", "none", "--format", "value"]
    ran = run([*PERCEPTUAL, "p.npy", "t.npy", *through, *shown])
    expected = [
        sum(
            float(((ours[layer] - theirs[layer]) ** 2).sum())
            for ours, theirs in [(layers_of(p, parameters), layers_of(t, parameters))]
            for layer in ("relu1", "relu2")
        )
        for p, t in zip(PICTURES, target, strict=True)
    ]
    assert ran.code == 0
    assert numbers(ran.out) == pytest.approx(expected, rel=SINGLE)


def test_images_are_their_own_features_without_a_network(run, tmp_path):
    # 3 × 5 × 4 pixels are off by 0.5
    np.save(tmp_path / "p.npy", np.zeros((3, 5, 4)))
    np.save(tmp_path / "t.npy", np.full((3, 5, 4), 0.5))
    ran = run([*PERCEPTUAL, "p.npy", "t.npy", "--format", "value"])
    assert (ran.code, ran.out) == (0, "5.0\n")


@pytest.mark.parametrize("option", [["--weight", "image"], ["--unit", "layer"], ["--by", "layer"]])
def test_options_that_do_not_apply_are_refused_and_not_a_bug(run, stored, option):
    ran = run([*PERCEPTUAL, stored("a.npz"), stored("b.npz"), *option])
    assert ran.code in (2, 3)
    assert ran.err.startswith("error: ")


def test_an_image_may_be_a_slice(run, stored):
    ran = run([*PERCEPTUAL, stored("a.npz"), stored("b.npz"), "--by", "image", "--format", "csv"])
    assert [line.split(",")[1:3] for line in ran.out.splitlines()] == [
        ["image", "value"],
        ["1", "0.0"],
        ["2", "0.0"],
        ["3", "0.0"],
        ["", "0.0"],
    ]
