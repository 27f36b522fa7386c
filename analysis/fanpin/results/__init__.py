"""What an analysis returns: frozen results with one set of names, and their JSON form."""

from fanpin.results.codec import from_json, load_result, to_json
from fanpin.results.collection import Collection
from fanpin.results.estimates import Estimates
from fanpin.results.hypothesis import HypothesisTest
from fanpin.results.measures import Measures

__all__ = ["Collection", "Estimates", "HypothesisTest", "Measures", "from_json", "load_result", "to_json"]
