"""Mini-batches: every row once, in whatever order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nn.batches import mini_batches, shuffled


class TestMiniBatches:
    @given(st.integers(1, 50), st.integers(1, 60))
    def test_every_row_once_and_only_the_last_is_short(self, n, size):
        batches = list(mini_batches(n, size))
        rows = [i for batch in batches for i in range(batch.start, batch.stop)]
        assert rows == list(range(n))
        assert all(batch.stop - batch.start == size for batch in batches[:-1])

    @given(st.integers(1, 50), st.integers(0, 2**32 - 1))
    def test_shuffling_keeps_rows_together(self, n, seed):
        X, y = np.arange(2 * n).reshape(n, 2), np.arange(n)
        X_shuffled, y_shuffled = shuffled((X, y), np.random.default_rng(seed))
        np.testing.assert_array_equal(np.sort(y_shuffled), y)
        np.testing.assert_array_equal(X_shuffled[:, 0], 2 * y_shuffled)
        np.testing.assert_array_equal(X, np.arange(2 * n).reshape(n, 2))
