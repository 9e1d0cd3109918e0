"""The tree of errors, and what an unknown name says."""

import pytest

from lcbench import errors


def test_everything_is_an_lcbench_error():
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and name.endswith("Error"):
            assert issubclass(kind, errors.LcbenchError), name


def test_input_errors_are_value_errors_and_folder_errors_are_not():
    assert issubclass(errors.InputError, ValueError)
    assert not issubclass(errors.FolderError, ValueError)


def test_an_unknown_name_says_the_nearest_and_the_known():
    message = str(errors.UnknownNameError("metric", "valid_acuracy", ["seconds", "valid_accuracy"]))
    assert message == "unknown metric 'valid_acuracy'; nearest: valid_accuracy. Known: seconds, valid_accuracy."


def test_a_name_near_to_nothing():
    assert str(errors.UnknownNameError("seed", 9, [0, 1])) == "unknown seed '9'. Known: 0, 1."


def test_nothing_known():
    assert str(errors.UnknownNameError("data set", "x", [])) == "unknown data set 'x'. Known: none."


def test_long_lists_are_cut():
    message = str(errors.UnknownNameError("configuration", 5000, range(2000)))
    assert message.endswith("10, 11, … (2000 in all).")
    assert len(message) < 200


def test_the_docstring_draws_every_error():
    names = [name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)]
    missing = [name for name in names if name not in errors.__doc__ and not issubclass(getattr(errors, name), Warning)]
    assert not missing


@pytest.mark.parametrize("name", ["DataError", "PlanConflictError", "UnknownNameError"])
def test_what_a_user_asked_for_is_an_input_error(name):
    assert issubclass(getattr(errors, name), errors.InputError)
