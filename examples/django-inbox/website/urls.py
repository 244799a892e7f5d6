"""The addresses of the website."""

from django.contrib.auth import views as auth_views
from django.urls import path

from inbox import intake, views

urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("messages/<str:key>/correction", views.correct, name="correct"),
    path("api/messages", intake.receive, name="receive"),
    path("login", auth_views.LoginView.as_view(), name="login"),
    path("logout", auth_views.LogoutView.as_view(), name="logout"),
    path("inbox.css", views.style, name="style"),
    path("health", views.health, name="health"),
]
