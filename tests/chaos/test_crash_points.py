from collections import defaultdict

import pytest

from tests.chaos.hooks import POINTS
from tests.chaos.scenarios.crash_points import OTHERS, rounds


@pytest.mark.parametrize("seed", range(5))
def test_every_point_is_passed_the_first_time_the_tenth_and_another_time(seed: int) -> None:
    """Each of the three at another service, where the point is a service's."""
    numbers, processes = defaultdict(set), defaultdict(set)
    for armed in rounds(seed):
        for process, spec in armed.items():
            point, _, number = spec.partition(":")
            numbers[point].add(int(number))
            processes[point].add(process)

    assert numbers.keys() == POINTS.keys()
    for point, found in numbers.items():
        assert {1, 10} < found
        assert len(found) == 3
        assert found - {1, 10} <= set(OTHERS)
        assert len(processes[point]) in {1, 3}
