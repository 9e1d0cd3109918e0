"""What a worker changes of torch, it puts back."""

import sys

import torch

from collection.threads import one_thread


def test_threads_and_subnormal_numbers_are_as_before():
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
        assert sys.float_info.min / 2 == 0
    assert torch.get_num_threads() == before
    assert sys.float_info.min / 2 > 0
