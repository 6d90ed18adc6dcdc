"""Discounts: a coupon as it was redeemed, what it is attached to, and what it takes off.

A discount keeps the terms of its coupon: deleting the coupon doesn't end it. It is redeemed only
if everything allows it; refused, nothing was counted (docs.stripe.com/api/discounts/object,
docs.stripe.com/billing/subscriptions/coupons).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from local.stripe_simulator import periods
from local.stripe_simulator.errors import StripeError, invalid
from local.stripe_simulator.money import formatted
from local.stripe_simulator.params import Params, clearable, hash_of, list_of, text
from local.stripe_simulator.resources.catalogue import coupons, promotion_codes
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

#: The `discounts` parameter of subscriptions, their items, invoices and invoice items.
DISCOUNTS = clearable(
    list_of(hash_of({"coupon": text(), "discount": text(), "promotion_code": text()}), maximum=20)
)
TOLD = ("subscription", "subscription_item")  # holders whose discounts make events


@dataclass(frozen=True)
class Purchase:
    """What a discount is redeemed on: whose, in which currency, of which products.

    `amount` is the subtotal that a promotion code's minimum is compared with; none where it isn't
    known beforehand, as on the update of a subscription: there such a code is refused.
    """

    customer: str | None
    currency: str
    products: frozenset[str]
    amount: int | None = None


@dataclass(frozen=True)
class Reduction:
    """What one discount takes off: a percentage, or an amount of the purchase's currency."""

    discount: str
    percent_off: Decimal | None
    amount_off: int | None
    products: frozenset[str] = frozenset()  # none means all

    def applies_to(self, product: str | None) -> bool:
        return not self.products or product in self.products


@dataclass(frozen=True)
class Priced:
    """A line as discounts see it: what is left of its amount, and its product."""

    amount: int
    product: str | None = None


def apply(lines: Sequence[Priced], reductions: Sequence[Reduction]) -> list[list[int]]:
    """What each reduction takes off each line: `[line][reduction]`, in minor units.

    Reductions act one after the other, each on what the former ones left. A percentage is taken
    of all that it applies to, rounded half up, and an amount at most of that; either is spread in
    proportion, by the largest remainder, so that the sum is exact. Credits aren't discounted.
    """
    left = [max(line.amount, 0) for line in lines]
    taken: list[list[int]] = [[] for _ in lines]
    for reduction in reductions:
        weights = [
            amount if reduction.applies_to(line.product) else 0
            for line, amount in zip(lines, left, strict=True)
        ]
        shares = spread(_total_off(reduction, sum(weights)), weights)
        left = [amount - share for amount, share in zip(left, shares, strict=True)]
        for of_line, share in zip(taken, shares, strict=True):
            of_line.append(share)
    return taken


def _total_off(reduction: Reduction, eligible: int) -> int:
    if reduction.percent_off is None:
        return min(reduction.amount_off or 0, eligible)
    return int((eligible * reduction.percent_off / 100).quantize(Decimal(1), ROUND_HALF_UP))


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """`total` in whole parts as near to the weights as can be; ties go to the first."""
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(
        range(len(weights)), key=lambda index: total * weights[index] % whole, reverse=True
    )
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts


def reductions(world: World, discount_ids: Iterable[str], currency: str) -> list[Reduction]:
    """What these discounts take off a purchase in that currency, in their order."""
    return [
        reduction(world.private[discount_id], currency, discount_id) for discount_id in discount_ids
    ]


def reduction(terms: Json, currency: str, discount_id: str = "") -> Reduction:
    """What terms (`coupons.terms`) come to in a currency."""
    percent = terms["percent_off"]
    return Reduction(
        discount_id,
        None if percent is None else Decimal(str(percent)),
        terms["amounts_off"].get(currency, 0),
        frozenset(terms["products"]),
    )


def redeem(
    world: World,
    given: Sequence[Params] | None,
    purchase: Purchase,
    *,
    param: str = "discounts",
    **holder: str,
) -> list[Json]:
    """Redeem coupons and promotion codes: the discounts, attached to `holder`.

    The holder keeps their ids in its own `discounts`: that is the caller's part.

    Args:
        world: Where they are stored, counted and told of.
        given: The parameter, as `DISCOUNTS` reads it; a `discount` in it is one that exists.
        purchase: What they are redeemed on.
        param: The parameter's name, for refusals.
        holder: The discount's own field for it: `subscription="sub_1…"`, `invoice="in_1…"`.
    """
    for index, each in enumerate(given or ()):
        if "discount" not in each:
            check(world, each, purchase, f"{param}[{index}]")
    return [
        world.store.get("discount", each["discount"], f"{param}[{index}][discount]")
        if "discount" in each
        else make(world, each, purchase, **holder)
        for index, each in enumerate(given or ())
    ]


def replace(
    world: World,
    former: Sequence[str],
    given: Sequence[Params] | None,
    purchase: Purchase,
    **holder: str,
) -> list[str]:
    """The ids of a holder's discounts after an update: those it doesn't name any more end."""
    ids = [discount["id"] for discount in redeem(world, given, purchase, **holder)]
    for discount_id in former:
        if discount_id not in ids:
            end(world, discount_id)
    return ids


def check(world: World, given: Params, purchase: Purchase, where: str = "discounts[0]") -> Json:
    """The coupon that `given` redeems; raises Stripe's refusal if it can't be.

    Of the words, those for expired coupons, prior transactions and minimum amounts on updates are
    Stripe's own as quoted in public; the other refusals aren't documented.
    """
    if len(given) != 1:
        raise invalid("You must pass one of `coupon`, `discount` or `promotion_code`.", where)
    if "promotion_code" in given:
        where = f"{where}[promotion_code]"
        promotion_code = world.store.get("promotion_code", given["promotion_code"], where)
        coupon_id = promotion_code["promotion"]["coupon"]
        _check_promotion_code(world, promotion_code, purchase, where)
    else:
        where, coupon_id = f"{where}[coupon]", given["coupon"]
    coupon = world.store.get("coupon", coupon_id, where)
    _check_coupon(world, coupon, purchase, where)
    return coupon


def _check_coupon(world: World, coupon: Json, purchase: Purchase, where: str) -> None:
    if not coupon["valid"]:
        raise invalid(f"Coupon expired: {coupon['id']}", where, "coupon_expired")
    terms = coupons.terms(world, coupon)
    if terms["percent_off"] is None and purchase.currency not in terms["amounts_off"]:
        raise invalid(
            f"The currency of this coupon ({coupon['currency']}) does not match the currency of "
            f"the purchase ({purchase.currency}).",
            where,
        )
    if terms["products"] and purchase.products.isdisjoint(terms["products"]):
        raise invalid(f"The coupon {coupon['id']} applies to none of these products.", where)


def _check_promotion_code(
    world: World, promotion_code: Json, purchase: Purchase, where: str
) -> None:
    most, expires_at = promotion_code["max_redemptions"], promotion_code["expires_at"]
    restrictions = promotion_code["restrictions"]
    if expires_at is not None and expires_at <= world.now():
        raise _refused("it has expired", where, "coupon_expired")
    if most is not None and promotion_code["times_redeemed"] >= most:
        raise _refused("it has been used the maximum number of times", where, "coupon_expired")
    if not promotion_code["active"]:
        raise _refused("it is inactive", where)
    if promotion_code["customer"] not in (None, purchase.customer):
        raise _refused("it belongs to another customer", where)
    if restrictions["first_time_transaction"] and _has_paid(world, purchase.customer):
        raise _refused("the associated customer has prior transactions", where)
    if restrictions["minimum_amount"] is not None:
        _check_minimum(world, promotion_code, purchase, where)


def _check_minimum(world: World, promotion_code: Json, purchase: Purchase, where: str) -> None:
    if purchase.amount is None:
        raise invalid(
            "This promotion code cannot be redeemed on a subscription update because it uses the "
            "`minimum_amount` restriction and the amount may change.",
            where,
        )
    minimum = promotion_codes.minimum_in(world, promotion_code, purchase.currency)
    if minimum is None:
        raise _refused(f"it has no minimum amount in {purchase.currency}", where)
    if purchase.amount < minimum:
        amount = formatted(minimum, purchase.currency)
        raise _refused(f"the minimum amount of {amount} is not reached", where)


def _refused(reason: str, where: str, code: str | None = None) -> StripeError:
    return invalid(f"This promotion code cannot be redeemed because {reason}.", where, code)


def _has_paid(world: World, customer_id: str | None) -> bool:
    """Whether a customer has any successful payment or invoice."""
    if customer_id is None:
        return False
    statuses = {"payment_intent": "succeeded", "invoice": "paid"}
    return any(
        each["status"] == status
        for kind, status in statuses.items()
        for each in world.store.newest_first(kind, customer=customer_id)
    )


def make(world: World, given: Params, purchase: Purchase, **holder: str) -> Json:
    """Redeem one that was checked before, whatever became of it since."""
    promotion_code_id = given.get("promotion_code")
    coupon = _coupon_of(world, given)
    discount = world.store.insert(shape(world, coupon, promotion_code_id, purchase, holder))
    world.private[discount["id"]] = coupons.terms(world, coupon)
    coupons.count_redemption(world, coupon["id"])
    if promotion_code_id:
        promotion_codes.count_redemption(world, promotion_code_id)
    if _is_told(discount):
        world.emit("customer.discount.created", discount)
        if discount["end"] is not None:
            world.schedule(discount["end"], "discount.end", discount["id"])
    return discount


def _coupon_of(world: World, given: Params) -> Json:
    if "coupon" in given:
        return world.store.get("coupon", given["coupon"])
    promotion_code = world.store.get("promotion_code", given["promotion_code"])
    return world.store.get("coupon", promotion_code["promotion"]["coupon"])


def shape(
    world: World,
    coupon: Json,
    promotion_code_id: str | None,
    purchase: Purchase,
    holder: dict[str, str],
) -> Json:
    """The discount that redeeming a coupon now would make; it isn't stored or counted."""
    return {
        "id": world.new_id("di_1", 23),
        "object": "discount",
        "checkout_session": None,
        "customer": purchase.customer,
        "customer_account": None,
        "end": _end_of(world, coupon),
        "invoice": None,
        "invoice_item": None,
        "promotion_code": promotion_code_id,
        "source": {"coupon": coupon["id"], "type": "coupon"},
        "start": world.now(),
        "subscription": None,
        "subscription_item": None,
        **holder,
    }


def _end_of(world: World, coupon: Json) -> int | None:
    if coupon["duration"] != "repeating":
        return None
    months = {"interval": "month", "interval_count": coupon["duration_in_months"]}
    return periods.next_end(world.now(), world.now(), months)


def _is_told(discount: Json) -> bool:
    """Whether the discount lasts: it is a subscription's, not an invoice's."""
    return any(discount[holder] is not None for holder in TOLD)


def end(world: World, discount_id: str) -> None:
    """End a discount; the subscription or item that had it has it no more."""
    discount = world.store.get("discount", discount_id)
    if discount["subscription"] is not None:
        _let_go(world, world.store.get("subscription", discount["subscription"]), discount_id)
    if discount["subscription_item"] is not None:
        _let_go_of_item(world, discount["subscription_item"], discount_id)
    if _is_told(discount):
        world.emit("customer.discount.deleted", discount)


def _let_go(world: World, holder: Json, discount_id: str) -> Json:
    kept = [each for each in holder["discounts"] if each != discount_id]
    return world.store.update(holder, discounts=kept)


def _let_go_of_item(world: World, item_id: str, discount_id: str) -> None:
    """An item lives by its own id and inside its subscription."""
    item = _let_go(world, world.store.get("subscription_item", item_id), discount_id)
    subscription = world.store.get("subscription", item["subscription"])
    items = subscription["items"]
    data = [item if each["id"] == item_id else each for each in items["data"]]
    world.store.update(subscription, items={**items, "data": data})


def spend(world: World, discount_ids: Iterable[str]) -> None:
    """After an invoice took these discounts off: those that last `once` end."""
    for discount_id in discount_ids:
        if world.private[discount_id]["duration"] == "once" and _is_held(world, discount_id):
            end(world, discount_id)


def end_due(world: World, discount_id: str) -> None:
    if _is_held(world, discount_id):
        end(world, discount_id)


def _is_held(world: World, discount_id: str) -> bool:
    """Whether a subscription or an item still has the discount."""
    discount = world.store.get("discount", discount_id)
    holders = (world.store.find(discount[holder] or "") for holder in TOLD)
    return any(discount_id in holder["discounts"] for holder in holders if holder)


TIMERS = {"discount.end": end_due}
