"""What a worker changes of torch and numpy, it puts back."""

import sys

import torch
from threadpoolctl import threadpool_info, threadpool_limits

from lcbench.collection.networks.tensors import one_thread


def test_threads_and_subnormal_numbers_are_as_before():
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
        assert sys.float_info.min / 2 == 0
    assert torch.get_num_threads() == before
    assert sys.float_info.min / 2 > 0


def test_products_of_numpy_use_one_thread_and_then_as_many_as_before():
    def threads() -> set[int]:
        return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

    with threadpool_limits(2, user_api="blas"):
        before = threads()
        with one_thread():
            assert threads() <= {1}
        assert threads() == before
