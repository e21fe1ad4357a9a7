"""Hyperparameters: every encoding on the wire, every fault, and the page that documents them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.encodings import decode
from training.errors import HyperparameterError
from training.hyperparameters import ARCHITECTURE_DEFAULTS, VOICES_ONLY, Hyperparameters
from training.hyperparameters_page import PAGE, render


def faults(**strings):
    with pytest.raises(HyperparameterError) as caught:
        Hyperparameters.from_strings(strings)
    return caught.value.faults


def test_defaults_are_those_of_the_architecture():
    for name, table in ARCHITECTURE_DEFAULTS.items():
        made = Hyperparameters.from_strings({"architecture": name})
        assert made.batch_size == table.batch_size
        assert made.critic_updates == table.critic_updates
        assert made.critic_learning_rate == table.critic_learning_rate
        assert made.generator_learning_rate == table.generator_learning_rate
        assert made.iterations == table.iterations
    assert Hyperparameters().architecture == "voices"


def test_a_given_value_beats_the_architectures_default():
    made = Hyperparameters.from_strings({"architecture": "unet", "batch_size": "3"})
    assert (made.batch_size, made.critic_updates) == (3, 5)


@pytest.mark.parametrize("text", ["64", '"64"', " 64 "])
def test_whole_numbers(text):
    assert Hyperparameters.from_strings({"batch_size": text}).batch_size == 64


@pytest.mark.parametrize(
    "text", ["64.0", "6.4e1", "true", "1_000", "[64]", "a b'c", "９é", "0", "-1"]
)
def test_refuses_what_is_no_batch_size(text):
    (fault,) = faults(batch_size=text)
    assert fault.startswith("`batch_size` must be ")


@pytest.mark.parametrize(("text", "value"), [("1e-05", 1e-5), ("1", 1.0), ('"0.5"', 0.5)])
def test_numbers(text, value):
    assert (
        Hyperparameters.from_strings({"critic_learning_rate": text}).critic_learning_rate == value
    )


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "fast", "true", "{}"])
def test_refuses_what_is_no_rate(text):
    assert len(faults(critic_learning_rate=text)) == 1


@pytest.mark.parametrize("text", ["unet", '"unet"'])
def test_words_arrive_raw_or_quoted(text):
    assert Hyperparameters.from_strings({"architecture": text}).architecture == "unet"


@pytest.mark.parametrize("text", ["", "None", "null", '"null"', '""', "NULL", " "])
@pytest.mark.parametrize(
    "name", ["batch_size", "architecture", "penalty_weight", "progress_s3_uri"]
)
def test_unset_means_the_default(name, text):
    assert Hyperparameters.from_strings({name: text}) == Hyperparameters()


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("1e5", str, "1e5"),
        ("true", str, "true"),
        ('"true"', str, "true"),
        ("[1, 2]", str, "[1, 2]"),
        ("a b'c", str, "a b'c"),
        ('"\\u00e9"', str, "é"),
        ("[1, 2]", list, [1, 2]),
        ("True", bool, True),
        ("true", bool, True),
        ("1", bool, True),
        ("YES", bool, True),
        ('"True"', bool, True),
        ("false", bool, False),
        ("False", bool, False),
        ("0", bool, False),
        ("no", bool, False),
        ("maybe", bool, "maybe"),
        ("9" * 5000, int, "9" * 5000),
        ("[" * 100_000, int, "[" * 100_000),
    ],
)
def test_decode_by_the_type_of_the_field(text, kind, value):
    decoded = decode(text, kind)
    assert decoded == value
    assert type(decoded) is type(value)


def test_ignores_what_toolkits_add():
    added = {"sagemaker_program": '"train.py"', "_tuning_objective_metric": "headline"}
    assert Hyperparameters.from_strings(added) == Hyperparameters()


@pytest.mark.parametrize(
    ("name", "near"),
    [("batchsize", "batch_size"), ("batch-size", "batch_size"), ("Epochs", "epochs")],
)
def test_an_unknown_name_is_refused_with_its_nearest(name, near):
    assert faults(**{name: "1"}) == (f"`{name}` is unknown (did you mean `{near}`?)",)


def test_all_faults_at_once():
    named = faults(
        xyzzy="1",
        iterations="5",
        epochs="5",
        seed="1.5",
        architecture="wavenet",
        keep_checkpoints="0",
        progress_s3_uri="https://bucket/x",
    )
    assert [fault.split("`")[1] for fault in named] == [
        "xyzzy",
        "iterations",
        "progress_s3_uri",
        "architecture",
        "seed",
        "keep_checkpoints",
    ]


def test_the_message_names_value_and_cure():
    with pytest.raises(HyperparameterError, match=r"received 'x'\. See docs/hyperparameters\.md"):
        Hyperparameters(seed="x")


def test_a_long_value_is_cut_in_the_message():
    (fault,) = faults(seed="x" * 5000)
    assert len(fault) < 150


def test_voices_only_names_are_refused_for_unet():
    (fault,) = faults(architecture="unet", kl_weight="0.2", warmup_share="0")
    assert "`kl_weight`, `warmup_share`" in fault
    assert not VOICES_ONLY & Hyperparameters(architecture="unet").as_dict().keys()


def test_the_precision_is_part_of_what_a_run_is():
    made = Hyperparameters.from_strings({"precision": "bfloat16"})
    assert made.identity()["precision"] == "bfloat16"
    assert Hyperparameters().identity()["precision"] == "float32"


@pytest.mark.parametrize("uri", ["s3://bucket/runs", "s3://my.bucket-1/a/b/"])
def test_a_place_for_progress_is_taken_as_it_is(uri):
    assert Hyperparameters.from_strings({"progress_s3_uri": uri}).progress_s3_uri == uri


@pytest.mark.parametrize(
    "uri",
    [
        "https://bucket/x",
        "s3://bucket",
        "s3://bucket/",
        "s3://bucket//x",
        "s3://Bucket/x",
        "s3:/b/x",
    ],
)
def test_a_place_for_progress_that_is_none_is_refused_in_a_sentence(uri):
    assert faults(progress_s3_uri=uri) == (
        f"`progress_s3_uri` must look like s3://bucket/prefix, received {uri!r}",
    )


def test_the_secrets_of_a_signed_address_are_not_shown():
    (fault,) = faults(progress_s3_uri="s3://bucket/x?X-Amz-Signature=SECRET")
    assert fault.endswith("received 's3://bucket/x'")


@pytest.mark.parametrize("architecture", ARCHITECTURE_DEFAULTS)
def test_only_length_and_watching_may_change_in_a_continued_run(architecture):
    values = Hyperparameters(architecture=architecture)
    watching = {"checkpoint_every", "sample_every", "keep_checkpoints"}
    assert values.as_dict().keys() - values.identity().keys() == {"iterations", *watching}
    longer = Hyperparameters(
        architecture=architecture, epochs=9, progress_s3_uri="s3://bucket/a", sample_every=3
    )
    assert longer.identity() == values.identity()


def test_epochs_replace_iterations():
    made = Hyperparameters(epochs=3, batch_size=10, critic_updates=2)
    assert made.iterations is None
    assert made.iterations_for(101) == 16  # 303 phrases, 20 in an iteration
    assert Hyperparameters(iterations=7).iterations_for(101) == 7


@settings(max_examples=50, deadline=None)
@given(
    architecture=st.sampled_from(["voices", "unet"]),
    epochs=st.none() | st.integers(1, 1000),
    seed=st.integers(0, 2**31 - 1),
    rate=st.floats(1e-9, 1.0),
)
def test_strings_round_trip(architecture, epochs, seed, rate):
    made = Hyperparameters(
        architecture=architecture, epochs=epochs, seed=seed, critic_learning_rate=rate
    )
    strings = made.to_strings()
    assert all(isinstance(value, str) for value in strings.values())
    assert Hyperparameters.from_strings(strings) == made


def test_the_page_is_what_the_model_says():
    assert PAGE.read_text(encoding="utf-8") == render(), "run `make docs`"
    assert "| `seed` | integer, 0 to 2147483647 | 0 |" in render()
