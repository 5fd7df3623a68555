"""A team's own recipes: saved from the form of a run, used from there."""

from uuid import UUID

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jobs.forms.recipe import RecipeForm, RecipeNameForm
from jobs.models import Member, SavedRecipe, audit
from jobs.views.access import DeskRequest, trainer_page, viewer_page

MOST = 200


def _recipe(request: DeskRequest, member: Member, uuid: UUID) -> SavedRecipe:
    return get_object_or_404(SavedRecipe.objects.visible_to(request.user), team=member.team, uuid=uuid)


@require_GET
@viewer_page
def recipe_list(request: DeskRequest, member: Member) -> HttpResponse:
    rows = member.team.recipes.select_related("created_by")[:MOST]
    return render(request, "jobs/recipe_list.html", {"recipes": rows})


@require_POST
@trainer_page
def recipe_save(request: DeskRequest, member: Member) -> HttpResponse:
    """Keep the settings of the form under a name; the same name again replaces them."""
    form, name = RecipeForm(request.POST), RecipeNameForm(request.POST)
    if not name.is_valid() or not form.is_valid():
        errors = [str(error) for one in (name, form) for some in one.errors.values() for error in some]
        messages.error(request, _("The recipe was not saved: %(why)s") % {"why": " ".join(errors)})
        return redirect("run-new", team=member.team.slug)
    with transaction.atomic():
        saved, _made = SavedRecipe.objects.update_or_create(
            team=member.team,
            name=name.cleaned_data["recipe_name"].strip(),
            defaults={"recipe": form.recipe.as_json()},
            create_defaults={"recipe": form.recipe.as_json(), "created_by": member.user},
        )
        audit(request, member.team, "recipe.saved", saved, after=saved.recipe)
    messages.success(request, _("The recipe is saved for the team. Name: %(name)s") % {"name": saved.name})
    return redirect(f"{reverse('run-new', args=[member.team.slug])}?recipe={saved.uuid}")


@require_POST
@trainer_page
def recipe_rename(request: DeskRequest, member: Member, recipe: UUID) -> HttpResponse:
    found = _recipe(request, member, recipe)
    form, before = RecipeNameForm(request.POST), found.name
    if not form.is_valid():
        messages.error(request, _("A name is needed, of at most 80 characters."))
        return redirect("recipe-list", team=member.team.slug)
    found.name = form.cleaned_data["recipe_name"].strip()
    try:
        with transaction.atomic():
            found.save(update_fields=["name"])
            audit(request, member.team, "recipe.renamed", found, before={"name": before}, after={"name": found.name})
    except IntegrityError:
        messages.error(request, _("Another recipe of this team has that name already."))
    return redirect("recipe-list", team=member.team.slug)


@require_POST
@trainer_page
def recipe_delete(request: DeskRequest, member: Member, recipe: UUID) -> HttpResponse:
    """Files that were made by it keep its settings."""
    found = _recipe(request, member, recipe)
    with transaction.atomic():
        audit(request, member.team, "recipe.deleted", found, before=found.recipe)
        found.delete()
    return redirect("recipe-list", team=member.team.slug)
