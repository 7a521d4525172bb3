"""Cases of tensorgrad.derivatives.scipy_special."""

from scipy import special

from derivative_cases.case import Case, away_from_zero, between, positive, real

inside = between(-0.8, 0.8)
probability = between(0.1, 0.9)
above_one = between(1.2, 3.0)


# Fewer than for NumPy's ufuncs, since they broadcast in the same way.
SHAPES = {
    1: [((),), ((2, 2),), ((0,),)],
    2: [((), ()), ((2, 1), (2,)), ((0,), (1,))],
}


def special_case(function, *domains, name=""):
    """Named apart from NumPy's function of the same name."""
    name = f"special {name or function.__name__}"
    return Case(name, function, domains, SHAPES[len(domains)], order=3)


def with_parameters(function, *parameters, domain=positive):
    """A function whose first operands have no derivative."""
    name = f"{function.__name__}({', '.join(map(str, parameters))}, x)"
    # Some of these SciPy computes in float64 always.
    return special_case(lambda x: function(*parameters, x).astype(x.dtype), domain, name=name)


CASES: list[Case] = [
    special_case(special.expit, real),
    special_case(special.log_expit, real),
    special_case(special.logit, probability),
    special_case(special.exp2, real),
    special_case(special.exp10, between(-1, 1)),
    special_case(special.expm1, real),
    special_case(special.exprel, real),
    special_case(special.log1p, positive),
    special_case(special.cbrt, positive),
    special_case(special.spence, positive),
    special_case(special.wrightomega, real),
    special_case(special.powm1, positive, real),
    special_case(special.boxcox, positive, real),
    special_case(special.boxcox1p, positive, real),
    special_case(special.inv_boxcox, positive, positive),
    special_case(special.inv_boxcox1p, positive, positive),
    special_case(special.cosm1, real),
    special_case(special.sindg, real),
    special_case(special.cosdg, real),
    special_case(special.tandg, real),
    special_case(special.cotdg, between(40, 50)),
    special_case(special.erf, real),
    special_case(special.erfc, real),
    special_case(special.erfi, between(-1, 1)),
    special_case(special.erfcx, between(-1, 2)),
    special_case(special.erfinv, inside),
    special_case(special.erfcinv, between(0.2, 1.8)),
    special_case(special.dawsn, real),
    special_case(special.ndtr, real),
    special_case(special.log_ndtr, between(-8, 2)),
    special_case(special.ndtri, probability),
    special_case(special.ndtri_exp, between(-3, -0.2)),
    special_case(special.xlogy, real, positive),
    special_case(special.xlog1py, real, positive),
    special_case(special.entr, positive),
    special_case(special.rel_entr, positive, positive),
    special_case(special.kl_div, positive, positive),
    special_case(special.huber, between(1.0, 1.1), between(-0.8, 0.8)),
    special_case(
        special.huber, between(1.0, 1.1), away_from_zero(1.5), name="special huber, outside"
    ),
    special_case(special.pseudo_huber, positive, real),
    special_case(special.gamma, positive),
    special_case(special.rgamma, positive),
    special_case(special.gammaln, positive),
    special_case(special.loggamma, positive),
    special_case(special.psi, positive),
    special_case(special.psi, between(-1.7, -1.3), name="psi of a negative number"),
    special_case(special.beta, positive, positive),
    special_case(special.betaln, positive, positive),
    special_case(special.binom, between(4, 5), between(1, 2)),
    special_case(special.poch, positive, positive),
    with_parameters(special.zeta, 2.5),
    with_parameters(special.gammainc, 1.7),
    with_parameters(special.gammaincc, 1.7),
    with_parameters(special.gammaincinv, 1.7, domain=probability),
    with_parameters(special.gammainccinv, 1.7, domain=probability),
    with_parameters(special.betainc, 1.7, 2.2, domain=probability),
    with_parameters(special.betaincc, 1.7, 2.2, domain=probability),
    with_parameters(special.betaincinv, 1.7, 2.2, domain=between(0.2, 0.8)),
    with_parameters(special.betainccinv, 1.7, 2.2, domain=between(0.2, 0.8)),
    with_parameters(special.chdtr, 2.5),
    with_parameters(special.chdtrc, 2.5),
    with_parameters(special.chdtri, 2.5, domain=probability),
    with_parameters(special.stdtr, 2.5, domain=real),
    with_parameters(special.stdtrit, 2.5, domain=probability),
    with_parameters(special.fdtr, 2.5, 4.5),
    with_parameters(special.fdtrc, 2.5, 4.5),
    with_parameters(special.fdtri, 2.5, 4.5, domain=probability),
    special_case(lambda a, x: special.gdtr(a, 1.7, x), positive, positive, name="gdtr"),
    special_case(lambda a, x: special.gdtrc(a, 1.7, x), positive, positive, name="gdtrc"),
    with_parameters(special.pdtr, 2.5),
    with_parameters(special.pdtrc, 2),
    # Of float32 SciPy would make a float of the count, and warn of it.
    special_case(
        lambda p: special.bdtr(2, 7, p.astype(float)).astype(p.dtype), probability, name="bdtr"
    ),
    special_case(
        lambda p: special.bdtrc(2, 7, p.astype(float)).astype(p.dtype), probability, name="bdtrc"
    ),
    with_parameters(special.nbdtr, 2, 7, domain=probability),
    with_parameters(special.nbdtrc, 2, 7, domain=probability),
    special_case(special.owens_t, real, real),
    special_case(special.j0, real),
    special_case(special.j1, real),
    special_case(special.y0, positive),
    special_case(special.y1, above_one),
    special_case(special.i0, real),
    special_case(special.i1, real),
    special_case(special.i0e, away_from_zero()),
    special_case(special.i1e, away_from_zero()),
    special_case(special.k0, positive),
    special_case(special.k1, above_one),
    special_case(special.k0e, positive),
    special_case(special.k1e, above_one),
    with_parameters(special.jv, 1.5),
    with_parameters(special.yv, 1.5, domain=above_one),
    with_parameters(special.yn, 2, domain=above_one),
    with_parameters(special.jve, 1.5),
    with_parameters(special.yve, 1.5, domain=above_one),
    with_parameters(special.struve, 1.5),
    with_parameters(special.modstruve, 1.5),
    special_case(special.airy, real),
    with_parameters(special.iv, 1.5),
    with_parameters(special.kv, 1.5, domain=above_one),
    with_parameters(special.kn, 2, domain=above_one),
    with_parameters(special.ive, 1.5),
    with_parameters(special.kve, 1.5, domain=above_one),
    special_case(special.exp1, positive),
    special_case(special.expi, positive),
    with_parameters(special.expn, 2),
    special_case(special.fresnel, real),
    special_case(special.sici, positive),
    special_case(special.shichi, positive),
    special_case(
        lambda u: [part.astype(u.dtype) for part in special.ellipj(u, 0.3)], real, name="ellipj"
    ),
    special_case(lambda phi: special.ellipkinc(phi, 0.3).astype(phi.dtype), real, name="ellipkinc"),
    special_case(lambda phi: special.ellipeinc(phi, 0.3).astype(phi.dtype), real, name="ellipeinc"),
    special_case(special.ellipkm1, probability),
    with_parameters(special.eval_legendre, 4, domain=inside),
    with_parameters(special.eval_chebyt, 4, domain=inside),
    with_parameters(special.eval_chebyu, 4, domain=inside),
    with_parameters(special.eval_gegenbauer, 4, 1.5, domain=inside),
    with_parameters(special.eval_hermite, 4, domain=real),
    with_parameters(special.eval_hermitenorm, 4, domain=real),
    with_parameters(special.eval_laguerre, 4),
    with_parameters(special.eval_genlaguerre, 4, 1.5),
    with_parameters(special.eval_jacobi, 4, 1.5, 2.5, domain=inside),
    special_case(special.ellipk, inside),
    special_case(special.ellipe, inside),
    with_parameters(special.hyp0f1, 1.5, domain=real),
    with_parameters(special.hyp1f1, 1.5, 2.5, domain=real),
    with_parameters(special.hyp2f1, 0.5, 1.5, 2.5, domain=inside),
    with_parameters(special.hyperu, 1.5, 2.5),
]
