"""The table of networks names what the design says, at the sizes it says."""

import pytest

from miqa_app.networks import CONFIGS, NetworkConfig, count_parameters, named_config, outline


def test_base_and_lite_have_the_stated_number_of_weights():
    assert count_parameters("base") == pytest.approx(51.6e6, rel=0.03)
    assert count_parameters("lite") == pytest.approx(5.34e6, rel=0.03)


def test_other_designs_have_the_stated_number_of_weights():
    three = (1, 2, 3)
    assert count_parameters(NetworkConfig(cnn_stages=three)) == pytest.approx(38.4e6, rel=0.01)
    small = NetworkConfig(cnn_stages=three, transformer="swin_small")
    assert count_parameters(small) == pytest.approx(59.7e6, rel=0.01)
    assert count_parameters("a9") == pytest.approx(50.4e6, rel=0.01)


def test_the_large_rows_can_be_counted_without_memory():
    assert count_parameters("b1") > 58e6
    assert count_parameters("b3") > 195e6


def test_every_row_of_the_tables_is_named():
    rows = {f"a{number}" for number in range(1, 14)} | {"b1", "b1_resnet101", "b2", "b3"}
    assert rows | {"base", "lite", "resnet18", "lenet5"} <= set(CONFIGS)
    assert all(name == config.name for name, config in CONFIGS.items())


def test_a_configuration_survives_json():
    for config in CONFIGS.values():
        assert type(config).model_validate_json(config.model_dump_json()) == config


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="no network 'huge'"):
        named_config("huge")


@pytest.mark.parametrize(
    "keys",
    [
        {"cnn": None, "transformer": None},
        {"width": 100},
        {"cnn_stages": ()},
        {"cnn_stages": (3, 2)},
        {"colour": "red"},
    ],
)
def test_impossible_designs_are_refused(keys):
    with pytest.raises(ValueError):
        NetworkConfig(**keys)


def test_every_design_has_an_outline_for_the_tables():
    for config in CONFIGS.values():
        assert set(outline(config)) == {"cnn", "transformer", "ap", "deform"}
    assert outline(CONFIGS["a5"]) == {
        "cnn": "simplecnn", "transformer": "swin_tiny", "ap": "none", "deform": "on",
    }  # fmt: skip
    assert outline(CONFIGS["b2"])["deform"] == "-"
    assert outline(CONFIGS["lariqa"])["cnn"] == "mobilenetv3_large_100"
