"""A verdict as a sentence: what was compared, how sure it is, and what else must be known of it."""

from typing import Any

from django.utils.translation import gettext, ngettext

MANY = 0.2  # share of copied answers, or of those in another language, that the sentence must name


def in_order(verdict: dict[str, Any]) -> list[dict[str, Any]]:
    """All pairs of a stored verdict: what people prefer, then judges, then the measure; those with nothing last."""
    pairs = [pair for name in ("votes", "judges", "pairs") for pair in verdict.get(name, [])]
    return sorted(pairs, key=lambda pair: not pair["n"])


def sentence(pair: dict[str, Any]) -> str:
    """`pair` as `pipeline.evaluations.verdicts` stores it."""
    return " ".join([*_judge(pair), _compared(pair), *_notes(pair)])


def _judge(pair: dict[str, Any]) -> list[str]:
    """Whose sentence it is, where a judge has not decided."""
    is_decided = pair["conclusion"] in ("better", "worse")
    return [gettext("Judge: %(judge)s.") % pair] if pair["measure"] == "judge" and not is_decided else []


def with_examples(model: str, count: int) -> str:
    """A model's name, with the number of examples before each question; 0: the name alone."""
    if not count:
        return model
    words = ngettext("%(model)s with %(count)s example", "%(model)s with %(count)s examples", count)
    return words % {"model": model, "count": count}


def _compared(pair: dict[str, Any]) -> str:
    other = _other(pair)
    decided = pair["wins"] + pair["losses"]
    low, high = _percent(pair["low"]), _percent(pair["high"])
    if pair["conclusion"] == "worse":
        about = {"share": _percent(1 - (pair["share"] or 0)), "low": _percent(1 - pair["high"])}
        about |= {"high": _percent(1 - pair["low"])}
    else:
        about = {"share": _percent(pair["share"] or 0), "low": low, "high": high}
    about |= {"other": other, "n": f"{decided:,}", "judge": pair.get("judge", "")}
    return _words(pair) % about


def _other(pair: dict[str, Any]) -> str:
    return gettext("its base") if pair["b_is_base"] else with_examples(pair["b_model"], pair.get("b_shown", 0))


def _percent(share: float) -> str:
    return f"{round(share * 100)}"


def _words(pair: dict[str, Any]) -> str:
    """With places for `judge`, `other`, `share`, `low`, `high` and `n`."""
    by_chrf, by_votes, by_judge = (pair["measure"] == name for name in ("chrf", "votes", "judge"))
    match pair["conclusion"]:
        case "better" if by_judge:
            return gettext(
                "Judge %(judge)s: better than %(other)s in %(share)s%% of %(n)s questions (95%%: %(low)s–%(high)s)."
            )
        case "worse" if by_judge:
            return gettext(
                "Judge %(judge)s: worse than %(other)s in %(share)s%% of %(n)s questions (95%%: %(low)s–%(high)s)."
            )
        case "better" if by_votes:
            return gettext("People prefer it to %(other)s in %(share)s%% of %(n)s questions (95%%: %(low)s–%(high)s).")
        case "worse" if by_votes:
            return gettext("People prefer %(other)s to it in %(share)s%% of %(n)s questions (95%%: %(low)s–%(high)s).")
        case "better" if by_chrf:
            return gettext(
                "Closer to the good answers than %(other)s in %(share)s%% of %(n)s questions (95%%: %(low)s–%(high)s)."
            )
        case "better":
            return gettext(
                "Uses more of the keywords than %(other)s in %(share)s%% of %(n)s questions (95%%: %(low)s–%(high)s)."
            )
        case "worse" if by_chrf:
            return gettext(
                "Less close to the good answers than %(other)s in %(share)s%% of %(n)s questions "
                "(95%%: %(low)s–%(high)s)."
            )
        case "worse":
            return gettext(
                "Uses fewer of the keywords than %(other)s in %(share)s%% of %(n)s questions (95%%: %(low)s–%(high)s)."
            )
        case "alike":
            return gettext("No better and no worse than %(other)s: any difference is small.")
        case "too_few":
            return _too_few(pair)
    return gettext("No question could be compared with %(other)s.")


def _too_few(pair: dict[str, Any]) -> str:
    if not pair["wins"] + pair["losses"]:
        return gettext("Too few questions to tell whether it is better than %(other)s.")
    found = gettext(
        "Too few questions to tell whether it is better than %(other)s: so far in %(share)s%% of %(n)s questions "
        "(95%%: %(low)s–%(high)s)."
    )
    if not pair["needed"]:
        return found
    needed = gettext("About %(needed)s questions would be needed.") % {"needed": f"{pair['needed']:,}"}
    return f"{found} {needed}"


def _notes(pair: dict[str, Any]) -> list[str]:
    found = []
    if "people" in pair:
        voted = ngettext("%(people)s member voted.", "%(people)s members voted.", pair["people"])
        found.append(voted % {"people": f"{pair['people']:,}"})
    if pair["ties"]:
        ties = ngettext(
            "In %(ties)s question there was no difference.",
            "In %(ties)s questions there was no difference.",
            pair["ties"],
        )
        found.append(ties % {"ties": f"{pair['ties']:,}"})
    found += _of_judge(pair) if pair["measure"] == "judge" else []
    if "small" in pair["notes"]:
        found.append(gettext("The difference is small."))
    if pair["answers"] and pair["copied"] / pair["answers"] >= MANY:
        share = _percent(pair["copied"] / pair["answers"])
        words = gettext("%(share)s%% of its answers are copied from its training file.")
        if pair.get("a_shown"):
            words = gettext("%(share)s%% of its answers are copied from the file of its examples.")
        found.append(words % {"share": share})
    if pair["answers"] and pair.get("foreign", 0) / pair["answers"] >= MANY:
        words = gettext("%(share)s%% of its answers are in another language.")
        found.append(words % {"share": _percent(pair["foreign"] / pair["answers"])})
    if pair["simulated"]:
        found.append(gettext("Simulated: this shows how the page works, not how well a model writes."))
    return found


def brief(pair: dict[str, Any]) -> str:
    """A few words for a row of a list; empty where nothing could be compared."""
    is_worse, share = pair["conclusion"] == "worse", pair["share"] or 0
    about = {"other": _other(pair), "all": f"{pair['n']:,}"}
    about |= {"share": _percent(1 - share if is_worse else share), "n": f"{pair['wins'] + pair['losses']:,}"}
    words = _brief_words(pair["conclusion"]) % about
    return " · ".join([words, *_brief_notes(pair)]) if words else ""


def _brief_words(conclusion: str) -> str:
    match conclusion:
        case "better":
            return gettext("better than %(other)s · %(share)s%% of %(n)s")
        case "worse":
            return gettext("worse than %(other)s · %(share)s%% of %(n)s")
        case "alike":
            return gettext("no better than %(other)s · %(all)s questions")
        case "too_few":
            return gettext("too few questions to tell · %(all)s")
    return ""


def _brief_notes(pair: dict[str, Any]) -> list[str]:
    found = []
    if pair["answers"] and pair["copied"] / pair["answers"] >= MANY:
        share = _percent(pair["copied"] / pair["answers"])
        found.append(gettext("%(share)s%% copied") % {"share": share})
    return [*found, gettext("simulated")] if pair["simulated"] else found


def _of_judge(pair: dict[str, Any]) -> list[str]:
    """How far it can be trusted."""
    found = []
    if both := pair["agreement"]:
        about = {"agreed": f"{both['agreed']:,}", "n": f"{both['n']:,}"}
        found.append(gettext("It agrees with people on %(agreed)s of %(n)s questions.") % about)
        if both["kappa"] is not None:
            found.append(gettext("(Kappa: %(kappa)s; 1 is full agreement, 0 is chance.)") % {"kappa": _two(both)})
    if pair["swayed"]:
        swayed = ngettext(
            "In %(n)s pair it chose by the order alone, which counts as a tie.",
            "In %(n)s pairs it chose by the order alone, which counts as a tie.",
            pair["swayed"],
        )
        found.append(swayed % {"n": f"{pair['swayed']:,}"})
    if pair["no_vote"]:
        missing = ngettext("%(n)s reply holds no vote.", "%(n)s replies hold no vote.", pair["no_vote"])
        found.append(missing % {"n": f"{pair['no_vote']:,}"})
    if pair["of_candidates"]:
        found.append(gettext("The judge is one of the models, or made from the same one: it may prefer itself."))
    return found


def _two(agreement: dict[str, Any]) -> str:
    return f"{agreement['kappa']:.2f}"
