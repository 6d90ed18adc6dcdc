"""The parameters of a price, and the fields of its amount that they make.

An amount is per unit, perhaps in packages, or by tiers; in one currency, with others as options.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.money import currency
from local.stripe_simulator.params import (
    Field,
    Params,
    Spec,
    boolean,
    clearable,
    decimal,
    hash_of,
    integer,
    list_of,
    metadata,
    one_of,
    parse,
    required,
    text,
    unsupported,
)
from local.stripe_simulator.resources.catalogue.price_amounts import fields
from local.stripe_simulator.store import Json

MAX_AMOUNT = 99_999_999


def _up_to(value: Any, path: str) -> int | None:
    return None if value == "inf" else int(integer(1).convert(value, path))


INTERVAL = one_of("day", "week", "month", "year")
RECURRING = hash_of(
    {
        "interval": required(INTERVAL),
        "interval_count": integer(1, 1095),
        "meter": text(),
        "usage_type": one_of("licensed", "metered"),
        "trial_period_days": unsupported("trial days of a price; give them to the subscription"),
    }
)
TIER = hash_of(
    {
        "flat_amount": integer(0, MAX_AMOUNT),
        "flat_amount_decimal": decimal,
        "unit_amount": integer(0, MAX_AMOUNT),
        "unit_amount_decimal": decimal,
        "up_to": required(Field(_up_to)),
    }
)
TAX_BEHAVIOR = one_of("exclusive", "inclusive", "unspecified")
CUSTOM = unsupported("amounts that the customer chooses")
OPTION: Spec = {
    "custom_unit_amount": CUSTOM,
    "tax_behavior": TAX_BEHAVIOR,
    "tiers": list_of(TIER),
    "unit_amount": integer(0, MAX_AMOUNT),
    "unit_amount_decimal": decimal,
}


def _options(value: Any, path: str) -> Params:
    """A hash of amounts by currency."""
    if not isinstance(value, Mapping):
        raise invalid(f"Invalid object: {path}", path)
    return {
        currency.convert(code, f"{path}[{code}]"): parse(option, OPTION, f"{path}[{code}]")
        for code, option in value.items()
    }


AMOUNT: Spec = {
    "currency": required(currency),
    "custom_unit_amount": CUSTOM,
    "unit_amount": OPTION["unit_amount"],
    "unit_amount_decimal": decimal,
    "recurring": RECURRING,
    "tax_behavior": TAX_BEHAVIOR,
    "metadata": metadata,
}
WHOLE: Spec = {
    **AMOUNT,
    "billing_scheme": one_of("per_unit", "tiered"),
    "currency_options": clearable(Field(_options)),
    "tiers": OPTION["tiers"],
    "tiers_mode": one_of("graduated", "volume"),
    "transform_quantity": hash_of(
        {"divide_by": required(integer(1)), "round": required(one_of("down", "up"))}
    ),
}
CREATE: Spec = {
    **WHOLE,
    "product": text(),
    "product_data": hash_of(
        {
            "id": text(),
            "name": required(text()),
            "active": boolean,
            "metadata": metadata,
            "statement_descriptor": text(22),
            "tax_code": text(),
            "unit_label": text(12),
        }
    ),
    "active": boolean,
    "lookup_key": text(200),
    "transfer_lookup_key": boolean,
    "nickname": text(),
}
UPDATE: Spec = {
    "active": boolean,
    "currency_options": WHOLE["currency_options"],
    "metadata": metadata,
    "nickname": text(),
    "lookup_key": text(200),
    "transfer_lookup_key": boolean,
    "tax_behavior": TAX_BEHAVIOR,
}


def unit_amount(params: Params, where: str = "") -> Json:
    """The amount of a unit, which must be given once."""
    path = f"{where}[unit_amount]" if where else "unit_amount"
    if "unit_amount" in params and "unit_amount_decimal" in params:
        message = "You may only specify one of these parameters: unit_amount, unit_amount_decimal."
        raise invalid(message, path)
    if not params.keys() & {"unit_amount", "unit_amount_decimal"}:
        raise invalid(f"Missing required param: {path}.", path, "parameter_missing")
    _check_decimal(params, "unit_amount_decimal", f"{path}_decimal")
    return fields(params, "unit")


def _check_decimal(params: Params, name: str, path: str) -> None:
    given: Decimal = params.get(name, Decimal(0))
    if not 0 <= given <= MAX_AMOUNT:
        raise invalid(f"Invalid decimal: must be from 0 to {MAX_AMOUNT}.", path)


def scheme(params: Params) -> Json:
    """How a new price is calculated; its tiers are apart, for they are shown only on demand."""
    tiered = params.get("billing_scheme") == "tiered"
    for name in ("tiers", "tiers_mode"):
        if tiered and name not in params:
            raise invalid(f"Missing required param: {name}.", name, "parameter_missing")
        if name in params and not tiered:
            raise invalid(f"You must pass `billing_scheme=tiered` with `{name}`.", name)
    for name in ("unit_amount", "unit_amount_decimal", "transform_quantity"):
        if tiered and name in params:
            raise invalid(f"You may not pass `{name}` with `billing_scheme=tiered`.", name)
    return {
        "billing_scheme": "tiered" if tiered else "per_unit",
        "tiers_mode": params.get("tiers_mode"),
        "transform_quantity": params.get("transform_quantity"),
        **(fields({}, "unit") if tiered else unit_amount(params)),
    }


def tiers(given: list[Params], where: str = "tiers") -> list[Json]:
    """A price's tiers: each reaches further than the one before, the last without end."""
    ends = [tier["up_to"] for tier in given]
    if not ends or ends[-1] is not None:
        raise invalid("The last tier must have `up_to=inf`.", where)
    limited = ends[:-1]
    if None in limited or limited != sorted(set(limited)):
        raise invalid("Each tier must reach further than the one before it.", where)
    for index, tier in enumerate(given):
        if set(tier) == {"up_to"}:
            path = f"{where}[{index}][unit_amount]"
            raise invalid(f"Missing required param: {path}.", path, "parameter_missing")
        for name in ("flat_amount_decimal", "unit_amount_decimal"):
            _check_decimal(tier, name, f"{where}[{index}][{name}]")
    return [
        {**fields(tier, "flat"), **fields(tier, "unit"), "up_to": tier["up_to"]} for tier in given
    ]


def currency_options(given: Params, billing_scheme: str) -> Json:
    """Amounts in other currencies, of the same scheme as the price's own."""
    return {
        code: _option(option, billing_scheme, f"currency_options[{code}]")
        for code, option in given.items()
    }


def _option(given: Params, billing_scheme: str, where: str) -> Json:
    option: Json = {
        "custom_unit_amount": None,
        "tax_behavior": given.get("tax_behavior", "unspecified"),
    }
    if billing_scheme == "per_unit":
        return {**option, **unit_amount(given, where)}
    if "tiers" not in given:
        path = f"{where}[tiers]"
        raise invalid(f"Missing required param: {path}.", path, "parameter_missing")
    own = tiers(given["tiers"], f"{where}[tiers]")
    return {**option, **fields({}, "unit"), "tiers": own}
