"""Log-likelihood of a normal random intercept, its derivatives, and the posterior moments of the intercept.

With eta_it = offset + x_it'b + s v_i and v_i standard normal, L_i = Integral Prod_t P(y_it | eta_it) phi(v) dv. The scores
of a unit are posterior means of the complete-data scores, and the information is that of the complete data less the
posterior covariance of its scores (Louis 1982, JRSS B 44:226-233, doi:10.1111/j.2517-6161.1982.tb01203.x): both are the
exact derivatives of the quadrature sum while its nodes stay where they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from fanpin.kernels.blocks import crossproduct
from fanpin.kernels.links import Array
from fanpin.kernels.random_effects.cells import CELLS
from fanpin.kernels.random_effects.panel import Panel
from fanpin.kernels.random_effects.rule import Rule

SMALLEST_WIDTH = 1e-8


@dataclass(frozen=True, slots=True)
class Nodes:
    """Where each unit's quadrature nodes lie: at `centre` + `width` z, both (m,)."""

    centre: Array
    width: Array


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The likelihood at one point (b, s), parameters in this order, p = k + 1 of them.

    Attributes
    ----------
    loglik : weighted sum of log L_i.
    gradient : (p,) its derivative.
    information : (p, p) minus its Hessian.
    complete : (p, p) expected information of the complete data, positive definite.
    score : (m, p) derivative of log L_i, before weights.
    moments : (m,) posterior means and standard deviations of v, as nodes.
    nodes : the nodes used.
    """

    loglik: float
    gradient: Array
    information: Array
    complete: Array
    score: Array
    moments: Nodes
    nodes: Nodes


@dataclass(frozen=True, slots=True)
class BlockCells:
    """Rows (q, r) and units (q, u) of a block at every node."""

    share: Array  # (q, u) posterior weights of the nodes, columns sum to 1
    v: Array  # (q, u)
    row_share: Array  # (q, r) both for each row
    row_v: Array  # (q, r)
    score: Array  # (q, r) derivative of the row's log-probability
    curvature: Array  # (q, r)
    loglik: Array  # (u,)
    moments: Nodes


def evaluate(panel: Panel, theta: Array, rule: Rule, nodes: Nodes) -> Evaluation:
    """Log-likelihood, gradient, information and posterior moments at theta = (b, s)."""
    m, p = panel.units, len(theta)
    eta = panel.eta(theta[:-1])
    loglik, score, moments = np.empty(m), np.empty((m, p)), Nodes(np.empty(m), np.empty(m))
    complete, spread = np.zeros((p, p)), np.zeros((p, p))
    with np.errstate(over="ignore", under="ignore"):
        for units, rows in panel.blocks(len(rule.node)):
            cells = block_cells(panel, eta, float(theta[-1]), rule, nodes, units, rows)
            loglik[units], score[units] = cells.loglik, _scores(panel, cells, units, rows)
            moments.centre[units], moments.width[units] = cells.moments.centre, cells.moments.width
            w = np.ones(len(cells.loglik)) if panel.weight is None else panel.weight[units]
            complete += _complete_information(panel, cells, w, units, rows)
            spread += _score_spread(panel, cells, w, units, rows)
    weight = np.ones(m) if panel.weight is None else panel.weight
    spread -= crossproduct(score, np.sqrt(weight))
    return Evaluation(float(weight @ loglik), weight @ score, complete - spread, complete, score, moments, nodes)


def loglikelihood(panel: Panel, theta: Array, rule: Rule, nodes: Nodes) -> tuple[float, Array]:
    """Log-likelihood and its gradient alone."""
    m = panel.units
    eta, loglik, score = panel.eta(theta[:-1]), np.empty(m), np.empty((m, len(theta)))
    with np.errstate(over="ignore", under="ignore"):
        for units, rows in panel.blocks(len(rule.node)):
            cells = block_cells(panel, eta, float(theta[-1]), rule, nodes, units, rows)
            loglik[units], score[units] = cells.loglik, _scores(panel, cells, units, rows)
    weight = np.ones(m) if panel.weight is None else panel.weight
    return float(weight @ loglik), np.asarray(weight @ score)


def block_cells(
    panel: Panel, eta: Array, sigma: float, rule: Rule, nodes: Nodes, units: slice, rows: slice
) -> BlockCells:
    """Posterior weights of the nodes, and the rows' scores and curvatures at them, for one block of `panel.blocks`."""
    centre, width, size = nodes.centre[units], nodes.width[units], panel.size[units]
    v = centre + width * rule.node[:, None]
    row_v = np.repeat(v, size, axis=1)
    terms = CELLS[panel.link.name](panel.y[rows], eta[rows] + sigma * row_v, panel.start[units] - rows.start)
    log_f = terms.loglik + (rule.tilted[:, None] - v**2 / 2.0)
    top = log_f.max(axis=0)
    share = np.exp(log_f - top)
    total = share.sum(axis=0)
    share /= total
    mean = (share * v).sum(axis=0)
    deviation = np.sqrt((share * (v - mean) ** 2).sum(axis=0))
    return BlockCells(share, v, np.repeat(share, size, axis=1), row_v, terms.score, terms.curvature,
                  top + np.log(total * width), Nodes(mean, np.maximum(deviation, SMALLEST_WIDTH)))  # fmt: skip


def _by_unit(panel: Panel, values: Array, units: slice, rows: slice) -> Array:
    """Sums over each unit's rows of the last axis of values (…, r)."""
    return np.asarray(np.add.reduceat(values, panel.start[units] - rows.start, axis=-1))


def _scores(panel: Panel, cells: BlockCells, units: slice, rows: slice) -> Array:
    """Posterior means of the complete-data scores, (u, p)."""
    weighted = cells.row_share * cells.score
    slope = np.einsum("qr,qr->r", weighted, cells.row_v)
    first = _row_totals(panel, weighted.sum(axis=0)[None, :], units, rows)
    return np.column_stack([first, _by_unit(panel, slope, units, rows)])


def _row_totals(panel: Panel, factor: Array, units: slice, rows: slice) -> Array:
    """Sum over each unit's rows of factor x for every node: (q, r) -> (q u, k)."""
    q, r = factor.shape
    start = panel.start[units] - rows.start
    pointer = np.append((np.arange(q)[:, None] * r + start).ravel(), q * r)
    members = sparse.csr_array((factor.ravel(), np.tile(np.arange(r), q), pointer), shape=(q * len(start), r))
    return np.asarray(members @ panel.x[rows])


def _complete_information(panel: Panel, cells: BlockCells, w: Array, units: slice, rows: slice) -> Array:
    """Posterior mean of the complete data's information, (p, p)."""
    x, row_w = panel.x[rows], np.repeat(w, panel.size[units])
    weighted = cells.row_share * cells.curvature
    crossed = weighted * cells.row_v
    p = x.shape[1] + 1
    out = np.empty((p, p))
    out[:-1, :-1] = crossproduct(x, np.sqrt(row_w * weighted.sum(axis=0)))
    out[:-1, -1] = out[-1, :-1] = (row_w * crossed.sum(axis=0)) @ x
    out[-1, -1] = row_w @ np.einsum("qr,qr->r", crossed, cells.row_v)
    return out


def _score_spread(panel: Panel, cells: BlockCells, w: Array, units: slice, rows: slice) -> Array:
    """Posterior mean of the products of the complete data's scores, (p, p)."""
    last = (cells.v * _by_unit(panel, cells.score, units, rows)).ravel()
    totals = np.column_stack([_row_totals(panel, cells.score, units, rows), last])
    return crossproduct(totals, np.sqrt(w * cells.share).ravel())
