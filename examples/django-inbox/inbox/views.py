"""The page that shows the inbox, and the form that corrects a label."""

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_POST, require_safe

from inbox.corrections import correct_message
from inbox.forms import CorrectionForm
from inbox.models import Message

_MESSAGES_OF_A_PAGE = 25
#: The filter for messages without a label; no label of a model is empty.
UNLABELLED = "-"


@never_cache
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """Show the messages, latest first: all, or those of a label, or those found."""
    label = request.GET.get("label", "")
    words = request.GET.get("q", "").replace("\0", "").strip()
    messages = Message.objects.with_shown_label()
    if words:
        messages = messages.filter(
            Q(body__icontains=words) | Q(sender__icontains=words)
        )
    counts = messages.values_list("shown_label").annotate(Count("pk"))
    number_by_label = {name: number for name, number in counts.order_by("shown_label")}
    if label == UNLABELLED:
        messages = messages.filter(shown_label=None)
    elif label:
        messages = messages.filter(shown_label=label)
    pages = Paginator(
        messages.order_by("-received_at", "pk").prefetch_related("corrections"),
        _MESSAGES_OF_A_PAGE,
    )
    return render(
        request,
        "inbox/inbox.html",
        {
            "page": pages.get_page(request.GET.get("page")),
            "filters": _filters(number_by_label, label),
            "label": label,
            "words": words,
            "query": urlencode({"label": label, "q": words}),
        },
    )


@require_POST
def correct(request: HttpRequest, key: str) -> HttpResponse:
    """Keep the label that a person gives a message, and go back to the page."""
    message = get_object_or_404(Message, pk=key)
    form = CorrectionForm(message, request.POST)
    if not form.is_valid():
        return render(request, "inbox/refused.html", {"form": form}, status=422)
    correct_message(message, form.cleaned_data["label"], request.user.get_username())
    page = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(page, {request.get_host()}):
        page = reverse("inbox")
    return redirect(page)


@login_not_required
@cache_control(public=True, max_age=3600)
@require_safe
def style(request: HttpRequest) -> HttpResponse:
    """Return the style sheet."""
    return render(request, "inbox/inbox.css", content_type="text/css")


@login_not_required
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Say that the website runs."""
    return HttpResponse("ok\n", content_type="text/plain")


def _filters(
    number_by_label: dict[str | None, int], label: str
) -> list[dict[str, object]]:
    """Return the links above the messages: all of them, each label, and none."""
    total = sum(number_by_label.values())
    filters = [("", "All", total)]
    for name, number in number_by_label.items():
        if name is None:
            filters.append((UNLABELLED, "Not labelled yet", number))
        else:
            filters.append((name, name, number))
    return [
        {"value": value, "title": title, "number": number, "chosen": value == label}
        for value, title, number in filters
    ]
