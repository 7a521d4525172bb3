"""no_grad and its kin: for one thread and task only, and restored whatever happens."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.mode import mode


def leaf(value):
    return tg.tensor(value, requires_grad=True)


def records():
    return (leaf(1.0) * 2).requires_grad


@pytest.fixture(autouse=True)
def _mode_is_restored():
    before = mode.get()
    yield
    assert mode.get() is before


def test_no_grad_as_context_and_decorator():
    x = leaf(1.0)
    with tg.no_grad():
        assert not (x * 2).requires_grad
        with tg.no_grad():
            pass
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad

    @tg.no_grad()
    def predict(value):
        return value * x

    assert not predict(2.0).requires_grad
    assert predict.__name__ == "predict"


def test_an_error_inside_restores_the_mode():
    x = leaf(1.0)
    with pytest.raises(ZeroDivisionError), tg.no_grad():
        raise ZeroDivisionError
    assert (x * 2).requires_grad


def test_no_grad_in_one_thread_leaves_others_alone():
    x = leaf(1.0)
    inside, done = threading.Event(), threading.Event()

    def predict():
        with tg.no_grad():
            inside.set()
            done.wait(10)

    thread = threading.Thread(target=predict)
    thread.start()
    inside.wait(10)
    recorded = (x * 2).requires_grad
    done.set()
    thread.join()
    assert recorded


def test_transforms_work_under_no_grad():
    with tg.no_grad():
        assert tg.grad(lambda x: x**3)(2.0) == 12.0


def test_eight_threads_get_the_bits_of_one():
    def train(seed):
        rng = np.random.default_rng(seed)
        w = leaf(rng.normal(size=(5, 5)))
        x = rng.normal(size=(8, 5))
        for _ in range(30):
            w.grad = None
            (np.tanh(x @ w) ** 2).mean().backward()
            w.assign(w.data - 0.1 * w.grad)
        return w.data

    alone = [train(seed) for seed in range(8)]
    together = [None] * 8
    threads = [
        threading.Thread(target=lambda k=k: together.__setitem__(k, train(k))) for k in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a, b)


def test_one_object_entered_again():
    off = tg.no_grad()
    with off:
        with off:
            assert not records()
        assert not records()
    assert records()


def test_one_object_entered_by_several_threads():
    off, both_inside, first_left = tg.no_grad(), threading.Barrier(2), threading.Event()

    def enter(first):
        with off:
            both_inside.wait(10)
            if not first:
                first_left.wait(10)
            inside = records()
        first_left.set()
        return inside, records()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(enter, [True, False])) == [(False, True), (False, True)]


def test_left_in_another_thread():
    """Here nothing changes then, and the mistake does not go unnoticed."""
    off = tg.no_grad()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(off.__enter__).result()
        with pytest.raises(RuntimeError, match="another thread"):
            off.__exit__(None, None, None)
        assert records()


def test_generators_that_end_in_the_order_they_began():
    def predictions():
        with tg.no_grad():
            yield records()

    first, second = predictions(), predictions()
    assert [next(first), next(second)] == [False, False]
    first.close()
    assert not records()
    second.close()
    assert records()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
@pytest.mark.parametrize(
    "transform",
    [
        tg.grad,
        tg.hessian,
        tg.jacobian,
        tg.checkpoint,
        lambda f: lambda x: tg.jvp(f, [x], [x]),
        lambda f: lambda x: tg.linearize(f, x),
        lambda f: lambda x: tg.hvp(f, [x], [x]),
        lambda f: lambda x: tg.vjp(f, x),
        lambda f: lambda x: tg.check_grads(f, x),
    ],
)
def test_an_error_in_a_transformed_function(transform, error):
    def fails(x):
        raise error

    with pytest.raises(error):
        transform(fails)(1.0)


class TestDecoratedFunctions:
    def test_generator(self):
        events = []

        @tg.no_grad()
        def predictions(n):
            """Yield."""
            try:
                for i in range(n):
                    try:
                        events.append((i, records(), (yield records())))
                    except KeyError:
                        yield "caught"
                return records()
            finally:
                events.append(records())

        generator = predictions(2)
        assert predictions.__doc__ == "Yield."
        assert next(generator) is False
        assert records()
        assert generator.throw(KeyError()) == "caught"
        assert next(generator) is False
        with pytest.raises(StopIteration) as stop:
            generator.send("sent")
        assert stop.value.value is False
        assert events == [(1, False, "sent"), False]
        generator = predictions(2)
        next(generator)
        generator.close()
        assert events[2:] == [False]

    def test_generator_that_fails(self):
        @tg.no_grad()
        def fails():
            yield 1
            raise ValueError("inside")

        with pytest.raises(ValueError, match="inside"):
            list(fails())

    def test_coroutine(self):
        @tg.no_grad()
        async def predict():
            await asyncio.sleep(0)
            return records()

        async def train():
            await asyncio.sleep(0)
            return records()

        async def both():
            return await asyncio.gather(predict(), train())

        assert asyncio.run(both()) == [False, True]

    def test_asynchronous_generators_are_refused(self):
        async def predictions():
            yield 1

        with pytest.raises(TypeError, match="asynchronous generators"):
            tg.no_grad()(predictions)
